package watch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// gaps returns the times between attempts.
func gaps(at []time.Time) (gaps []time.Duration) {
	for i := 1; i < len(at); i++ {
		gaps = append(gaps, at[i].Sub(at[i-1]))
	}
	return gaps
}

// TestSpread: first attempts are spread over the interval, and each entry is asked once in
// each: at once with Now.
func TestSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 1000
		f := newFake(t, keys(n)...)
		start := time.Now()
		within(t, 10*time.Minute, f, watch.Config{Jitter: -1})
		var perTick [60]int
		for _, k := range f.keys {
			at := f.times(k)
			first := at[0].Sub(start)
			if first < 0 || first > time.Minute+time.Second {
				t.Fatalf("%s was asked first after %s", k, first)
			}
			perTick[min(first/time.Second, 59)]++
			if len(at) < 9 || len(at) > 10 {
				t.Errorf("%s was asked %d times in 10 minutes", k, len(at))
			}
			for _, gap := range gaps(at) {
				if gap < time.Minute || gap > time.Minute+2*time.Second {
					t.Errorf("%s was asked again after %s", k, gap)
				}
			}
		}
		for second, count := range perTick {
			if count > n/10 {
				t.Errorf("%d of %d were asked in second %d", count, n, second)
			}
		}
		f = newFake(t, keys(n)...)
		start = time.Now()
		within(t, time.Second, f, watch.Config{Now: true})
		for _, k := range f.keys {
			if at := f.times(k); len(at) != 1 || at[0] != start {
				t.Errorf("%s was asked at %v, want %s", k, at, start)
			}
		}
		if f.mostRuns != 1 {
			t.Errorf("%d runs, want one", f.mostRuns)
		}
	})
}

// TestJitter: intervals are longer and shorter by a share of them, and differ.
func TestJitter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		jitter float64
		share  time.Duration // of a minute
	}{{0, 6 * time.Second}, {0.3, 18 * time.Second}, {7, 30 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, keys(20)...)
			within(t, 30*time.Minute, f, watch.Config{Jitter: tt.jitter})
			shortest, longest := time.Hour, time.Duration(0)
			for _, k := range f.keys {
				for _, gap := range gaps(f.times(k)) {
					shortest, longest = min(shortest, gap), max(longest, gap)
				}
			}
			if shortest < time.Minute-tt.share || shortest > time.Minute-tt.share*3/4 || longest > time.Minute+tt.share+2*time.Second || longest < time.Minute+tt.share*3/4 {
				t.Errorf("jitter %v: intervals from %s to %s", tt.jitter, shortest, longest)
			}
		})
	}
}

// TestBackOff: an entry that fails is asked at 2, 4, 8 and then 10 times the interval, and
// at the interval again after the first success. Our own faults slow nothing down.
func TestBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, key(0), key(1))
		f.answer = func(_ context.Context, k initiator.Key, n int) initiator.Result {
			switch {
			case k == key(1):
				return fails(initiator.StageStore, errRefused)
			case n > 0 && n < 7:
				return down
			}
			return has()
		}
		within(t, time.Hour, f, watch.Config{Now: true, Jitter: -1})
		const m = time.Minute
		want := []time.Duration{m, 2 * m, 4 * m, 8 * m, 10 * m, 10 * m, 10 * m, m, m}
		if diff := cmp.Diff(want, gaps(f.times(key(0)))[:len(want)]); diff != "" {
			t.Errorf("intervals (-want +got):\n%s", diff)
		}
		for _, gap := range gaps(f.times(key(1))) {
			if gap != m {
				t.Errorf("after our own fault: asked again after %s", gap)
			}
		}
	})
}

// TestSlowPortal: an attempt that takes longer than the interval is not begun twice, and
// what was missed meanwhile is skipped. A portal that hangs keeps no other from being asked.
func TestSlowPortal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, keys(10)...)
		f.answer = func(_ context.Context, k initiator.Key, n int) initiator.Result {
			if k == key(0) {
				time.Sleep(25 * time.Second)
			}
			return has()
		}
		within(t, 10*time.Minute, f, watch.Config{Now: true, Every: 10 * time.Second, Jitter: -1})
		for _, k := range f.keys {
			want := 10 * time.Second
			if k == key(0) {
				want = 30 * time.Second
			}
			for _, gap := range gaps(f.times(k)) {
				if gap < want || gap > want+time.Second {
					t.Fatalf("%s was asked again after %s, want %s", k, gap, want)
				}
			}
		}
	})
}

// TestRunsBounded: when many portals hang, no more than 16 runs are under way, and those
// that answer are asked all the same.
func TestRunsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n, dead = 400, 200
		f := newFake(t, keys(n)...)
		start := time.Now()
		f.answer = func(_ context.Context, k initiator.Key, _ int) initiator.Result {
			if int(k.Portal.Address[len(k.Portal.Address)-1]-'0')%2 == 0 && time.Since(start) > time.Minute {
				time.Sleep(15 * time.Second)
				return down
			}
			return has()
		}
		within(t, 30*time.Minute, f, watch.Config{Every: 10 * time.Second})
		if f.mostRuns > 16 || f.mostRuns < 2 {
			t.Errorf("%d runs at once, want 16 at most", f.mostRuns)
		}
		for _, k := range f.keys {
			if int(k.Portal.Address[len(k.Portal.Address)-1]-'0')%2 == 0 {
				continue
			}
			late := 0
			for _, gap := range gaps(f.times(k)) {
				if gap > 13*time.Second {
					late++
				}
			}
			if late > 3 {
				t.Fatalf("%s was asked late %d times: %v", k, late, gaps(f.times(k)))
			}
		}
	})
}

// TestSlowConsumer: while the consumer is busy no further attempts begin, and afterwards
// each entry is asked once.
func TestSlowConsumer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, keys(100)...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var slept time.Time
		for e := range watch.Run(ctx, f, watch.Config{Now: true, Jitter: -1}) {
			if e.Seq == 100 {
				time.Sleep(30 * time.Minute)
				slept = time.Now()
				if n := len(f.times(key(5))); n > 1 {
					t.Errorf("asked %d times before the consumer came back", n)
				}
			}
		}
		for _, k := range f.keys {
			before := len(f.times(k))
			for before > 0 && !f.times(k)[before-1].Before(slept) {
				before--
			}
			if after := f.times(k)[before:]; before != 1 || len(after) < 29 || after[0].Sub(slept) > 2*time.Minute || len(gaps(after)) > 0 && gaps(after)[0] < 59*time.Second {
				t.Fatalf("%s: asked %d times before, then %v", k, before, after)
			}
		}
	})
}

// TestEnd: when the context ends, what is under way has a little time; when the consumer
// leaves, it has none. It ends first, and no goroutine stays behind (synctest sees to that).
func TestEnd(t *testing.T) {
	t.Parallel()
	for _, leave := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, keys(50)...)
			f.answer = func(ctx context.Context, k initiator.Key, n int) initiator.Result {
				if n == 0 && k != key(0) {
					<-ctx.Done()
					time.Sleep(time.Second) // its logout
					return fails(initiator.StageLogin, context.Cause(ctx))
				}
				return has()
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			begun, events := time.Now(), 0
			for range watch.Run(ctx, f, watch.Config{Now: true}) {
				if events++; leave {
					break
				}
				time.AfterFunc(10*time.Second, cancel)
			}
			want := time.Second
			if !leave {
				want += 10*time.Second + watch.EndGrace
			}
			if took := time.Since(begun); took != want || events != 1 || f.runs != 0 {
				t.Errorf("left %t: ended after %s with %d events, %d runs under way", leave, took, events, f.runs)
			}
		})
	}
}

// TestEndOfItself: when the context ends, an attempt that is under way ends as it would,
// and what it found is told; no other begins.
func TestEndOfItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, keys(50)...)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		f.answer = func(asking context.Context, k initiator.Key, n int) initiator.Result {
			time.AfterFunc(time.Millisecond, cancel)
			time.Sleep(time.Second)
			if asking.Err() != nil {
				t.Error("an attempt was cancelled")
			}
			return has("a")
		}
		begun, events := time.Now(), 0
		for e := range watch.Run(ctx, f, watch.Config{Now: true}) {
			if events++; e.Type != watch.Snapshot || !e.Up {
				t.Errorf("got %+v", e)
			}
		}
		if took := time.Since(begun); took != time.Second || events != 50 {
			t.Errorf("ended after %s with %d events", took, events)
		}
	})
}

// TestPanic: a panic in the loop body ends what is under way, and goes on to the caller.
func TestPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, keys(3)...)
		defer func() {
			if r := recover(); r != "enough" || f.runs != 0 {
				t.Errorf("recovered %v; %d runs under way", r, f.runs)
			}
		}()
		for range watch.Run(t.Context(), f, watch.Config{Now: true}) {
			panic("enough")
		}
	})
}

// TestClockJumps: a clock that jumps changes no interval and no duration.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, key(0))
		f.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
			if n == 1 || n == 2 {
				return down
			}
			return has()
		}
		start := time.Now()
		jump := time.Duration(0)
		cfg := watch.Config{Now: true, Jitter: -1, Clock: func() time.Time { return time.Now().Add(jump).Round(0) }}
		cfg.Report = func(s *watch.State) {
			if s.LastAttempt.IsZero() {
				return
			}
			if got, want := s.Next.Sub(s.LastAttempt), map[bool]time.Duration{true: time.Minute, false: 2 * time.Minute << max(s.Failures-1, 0)}[s.Failures == 0]; got != want {
				t.Errorf("next after %s, want %s", got, want)
			}
			jump += -48 * time.Hour
		}
		events := eventsWithin(t, 20*time.Minute, f, cfg)
		if len(events) != 3 || events[2].Type != watch.PortalRecovered || events[2].After != 6*time.Minute {
			t.Fatalf("got %v", events)
		}
		if got := events[1].Time.Sub(start); got != time.Minute-48*time.Hour {
			t.Errorf("an event has the time %s, which is not that of the clock", got)
		}
		for i, gap := range gaps(f.times(key(0))) {
			if want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, time.Minute}[min(i, 3)]; gap != want {
				t.Errorf("interval %d is %s, want %s", i, gap, want)
			}
		}
	})
}

// TestMany: 10,000 entries are each asked once a minute, and the last is little late.
func TestMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 10_000
		f := newFake(t, keys(n)...)
		f.answer = func(context.Context, initiator.Key, int) initiator.Result {
			time.Sleep(5 * time.Millisecond)
			return has("a", "b")
		}
		var latest time.Duration
		events := eventsWithin(t, 3*time.Minute, f, watch.Config{Report: func(s *watch.State) { latest = max(latest, s.Late) }})
		if len(events) != n {
			t.Errorf("%d events, want a snapshot of each", len(events))
		}
		attempts := 0
		for _, k := range f.keys {
			attempts += len(f.times(k))
		}
		if attempts < n*5/2 || attempts > n*3 || latest > time.Second+50*time.Millisecond {
			t.Errorf("%d attempts in 3 minutes, the latest %s late", attempts, latest)
		}
	})
}

var errLocked = errors.New("the registry is locked")
