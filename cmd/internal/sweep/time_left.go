package sweep

import (
	"math"
	"time"
)

// A Pace is what bounds how fast a run can be.
type Pace struct {
	Connecting     int           // connections in progress at once
	Connect, Login time.Duration // for these; 0: Portal
	Portal         time.Duration // for a portal, all in all
}

// connect returns how long a connection may take, and login a session that does not answer.
func (p *Pace) connect() time.Duration { return p.orPortal(p.Connect) }

func (p *Pace) login() time.Duration { return p.orPortal(p.Login) }

func (p *Pace) orPortal(d time.Duration) time.Duration {
	if d > 0 {
		return min(d, p.Portal)
	}
	return p.Portal
}

// timeLeft works out how long a run still takes. Portals are asked at the rate of the last
// seconds, and a silent one is decided a known time after. What is done, divided by the
// time since the start, would say hours as long as nothing but silent addresses were asked.
type timeLeft struct {
	pace  Pace
	total int64

	samples             []sample // of the last seconds, the oldest first
	lastAsked, lastDone time.Duration
}

// A sample is how far a run was after a time.
type sample struct {
	at          time.Duration
	asked, done int64
	silent      int64 // of those done
	connecting  int64 // of those asked and not done
}

const (
	// sampleSpan is how far back rates are measured at least; it is twice the time for a
	// connection if that is longer, since silent addresses are asked in bursts of that length.
	sampleSpan = 5 * time.Second

	// quick is how long a portal takes at most that is not waited for in vain; when nothing
	// ends for so long, what is left hangs.
	quick = time.Second
)

// after returns the time left; ok is false where it is not known.
func (l *timeLeft) after(now sample) (left time.Duration, ok bool) {
	old := l.enter(now)
	span := now.at - old.at
	if span <= 0 || now.asked == 0 {
		return 0, false
	}
	one := l.tail(&now, &old)
	if now.asked >= l.total {
		return max(0, one), true
	}
	rate := float64(now.asked-old.asked) / span.Seconds()
	if rate <= 0 {
		return 0, false
	}
	toAsk := l.total - now.asked
	ask := float64(toAsk) / rate
	if vain := float64(now.silent + now.asked - now.done); vain > 0 {
		// Where there is no room, those that wait in vain give it back only when their time is over.
		room := max(0, int64(l.pace.Connecting)-now.connecting)
		back := float64(l.pace.Connecting) / l.pace.connect().Seconds() * float64(now.asked) / vain
		ask = max(ask, float64(toAsk-room)/back)
	}
	return max(0, time.Duration(ask*float64(time.Second))-(now.at-l.lastAsked), l.full(&now)) + one, true
}

// full returns how long it takes until a connection in progress makes room for the next;
// 0: there is room.
func (l *timeLeft) full(now *sample) time.Duration {
	if now.connecting < int64(l.pace.Connecting) {
		return 0
	}
	for _, s := range l.samples {
		if s.asked > now.done { // the oldest of them was asked by then
			return s.at + l.pace.connect() - now.at
		}
	}
	return 0
}

// tail returns how long it takes from now, or from when all are asked, until those under
// way are decided.
func (l *timeLeft) tail(now, old *sample) time.Duration {
	since := now.at - l.lastAsked
	if now.asked < l.total {
		since = 0
	}
	// Those under way, divided by how many end in a second, is how long one takes.
	each := time.Duration(math.MaxInt64)
	if ended := now.done - old.done; ended > 0 {
		each = time.Duration(float64(now.asked-now.done) / float64(ended) * float64(now.at-old.at))
	}
	switch {
	case now.asked >= l.total && now.connecting == 0 && now.at-l.lastDone >= quick:
		return l.pace.login() - since
	case now.asked >= l.total && now.connecting == 0:
		return min(each, l.pace.login())
	case now.silent > old.silent, each > quick:
		return l.pace.connect() - since
	}
	return each
}

// enter adds a sample, and returns the one that rates are measured from.
func (l *timeLeft) enter(s sample) sample {
	if len(l.samples) == 0 {
		l.samples = append(l.samples, sample{})
	}
	last := l.samples[len(l.samples)-1]
	if s.asked > last.asked {
		l.lastAsked = s.at
	}
	if s.done > last.done {
		l.lastDone = s.at
	}
	l.samples = append(l.samples, s)
	for len(l.samples) > 2 && s.at-l.samples[1].at >= max(sampleSpan, 2*l.pace.connect()) {
		l.samples = l.samples[1:]
	}
	return l.samples[0]
}

// seconds rounds up, so that there is time left as long as something is under way.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
