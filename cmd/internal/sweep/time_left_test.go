package sweep

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// hangs is the session of a portal that does not take the connection.
const hangs = -1

// A simulated run asks at a rate, as long as its pace allows.
type simulated struct {
	total int
	rate  int // a second
	pace  Pace

	sessions int                                          // at once, which connected ones take in turn
	takes    func(i int) (connect, session time.Duration) // of a portal
}

// run returns when the run ended, and what l said at each time before.
func (s *simulated) run(l *timeLeft) (end time.Duration, said map[time.Duration]time.Duration) {
	const tick = time.Millisecond
	said = make(map[time.Duration]time.Duration)
	connected := make(map[time.Duration][]time.Duration) // when: how long their sessions take
	ended := make(map[time.Duration]int)
	var queue []time.Duration
	asked, done, silent, connecting, sessions, budget := 0, 0, 0, 0, 0, 0.0
	for now := time.Duration(0); done < s.total; now += tick {
		for _, session := range connected[now] {
			connecting--
			switch {
			case session == hangs:
				done++
				silent++
			case session == 0:
				done++
			default:
				queue = append(queue, session)
			}
		}
		delete(connected, now)
		done += ended[now]
		sessions -= ended[now]
		delete(ended, now)
		for ; len(queue) > 0 && sessions < s.sessions; queue = queue[1:] {
			sessions++
			ended[now+queue[0]]++
		}
		for budget = min(budget+float64(s.rate)*tick.Seconds(), float64(s.rate)); budget >= 1 && asked < s.total && connecting < s.pace.Connecting; budget-- {
			connect, session := s.takes(asked)
			at := now + max(tick, connect)
			connected[at] = append(connected[at], session)
			asked++
			connecting++
		}
		if now%progressEvery == 0 && now >= progressFirst {
			if left, ok := l.after(sample{now, int64(asked), int64(done), int64(silent), int64(connecting)}); ok {
				said[now] = left
			}
		}
		end = now
	}
	return end, said
}

// TestTimeLeft: the time left is true from the start to the end, whatever the addresses
// do.
func TestTimeLeft(t *testing.T) {
	t.Parallel()
	block := Pace{Connecting: 4096, Connect: 3 * time.Second, Login: 5 * time.Second, Portal: 15 * time.Second}
	list := Pace{Connecting: 4096, Portal: 15 * time.Second}
	silent := func(p Pace) func(int) (time.Duration, time.Duration) {
		limit := p.Portal
		if p.Connect > 0 {
			limit = p.Connect
		}
		return func(int) (time.Duration, time.Duration) { return limit, hangs }
	}
	alive := func(int) (time.Duration, time.Duration) { return time.Millisecond, 3 * time.Millisecond }
	each := func(n int, some, others func(int) (time.Duration, time.Duration)) func(int) (time.Duration, time.Duration) {
		return func(i int) (time.Duration, time.Duration) {
			if i%n == 0 {
				return some(i)
			}
			return others(i)
		}
	}
	dead := func(int) (time.Duration, time.Duration) { return time.Millisecond, 5 * time.Second } // accepts, and is silent
	for _, tt := range []struct {
		name  string
		s     simulated
		known time.Duration // from then on the time left is known
	}{
		{"silent /20", simulated{4094, 2000, block, 64, silent(block)}, 0},
		{"silent /16", simulated{65534, 2000, block, 64, silent(block)}, 0},
		{"silent /24", simulated{254, 2000, block, 64, silent(block)}, 0},
		{"silent /20 slowly", simulated{4094, 100, block, 64, silent(block)}, 0},
		{"/16, 1 of 100 alive", simulated{65534, 2000, block, 64, each(100, alive, silent(block))}, 0},
		{"/16, half alive", simulated{65534, 2000, block, 64, each(2, alive, silent(block))}, 0},
		{"/18, refused", simulated{16382, 2000, block, 64, func(int) (time.Duration, time.Duration) { return time.Millisecond, 0 }}, 0},
		{"silent list", simulated{5000, 10000, list, 64, silent(list)}, 0},
		{"list, alive", simulated{100000, 10000, list, 64, alive}, 0},
		{"few files", simulated{8190, 2000, Pace{Connecting: 512, Connect: 3 * time.Second, Portal: 15 * time.Second}, 64, silent(block)}, 0},
		{"/20, two accept and are silent", simulated{4094, 2000, block, 64, each(2000, dead, silent(block))}, 5800 * time.Millisecond},
		{"/20, refused, the last accepts and is silent", simulated{4094, 2000, block, 64, func(i int) (time.Duration, time.Duration) {
			if i == 4093 {
				return dead(i)
			}
			return time.Millisecond, 0
		}}, 3200 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := &timeLeft{pace: tt.s.pace, total: int64(tt.s.total)}
			end, said := tt.s.run(l)
			if len(said) == 0 {
				t.Fatalf("nothing was said in %v", end)
			}
			wrong, off := "", 0
			for now := tt.known; now < end; now += progressEvery {
				left, ok := said[now]
				truth := end - now
				if ok && (left-truth).Abs().Seconds() > math.Max(1.2, truth.Seconds()*0.15) {
					off++
					wrong += fmt.Sprintf("after %v: %v left, in truth %v\n", now, left.Round(time.Millisecond), truth)
				}
			}
			if off*25 > len(said) { // a burst may come between
				t.Errorf("the run took %v; %d of %d times it was wrong:\n%s", end, off, len(said), wrong)
			}
		})
	}
}
