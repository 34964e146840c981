package watch_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// An isnsFake is a fake with an iSNS server, at the address of its first portal.
type isnsFake struct {
	*fake
	server *fake
}

func newISNSFake(t *testing.T) *isnsFake {
	return &isnsFake{newFake(t, key(1)), newFake(t, key(1))}
}

// Entries yields the portal and the server.
func (f *isnsFake) Entries(ctx context.Context) iter.Seq2[watch.Entry, error] {
	return func(yield func(watch.Entry, error) bool) {
		for e := range f.fake.Entries(ctx) {
			yield(e, nil)
		}
		for e := range f.server.Entries(ctx) {
			e.ISNS = true
			yield(e, nil)
		}
	}
}

// AskISNS asks the server.
func (f *isnsFake) AskISNS(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	return f.server.Ask(ctx, keys)
}

// since returns the times of attempts, from the beginning.
func since(begin time.Time, times []time.Time) (all []time.Duration) {
	for _, t := range times {
		all = append(all, t.Sub(begin))
	}
	return all
}

// TestISNS: an iSNS server at the address of a portal is another entry, with its own
// events.
func TestISNS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newISNSFake(t)
		f.answer = func(context.Context, initiator.Key, int) initiator.Result { return has("disk") }
		f.server.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
			if n == 0 {
				return has("disk")
			}
			return has("disk", "vault")
		}
		var states []bool
		events := eventsWithin(t, 90*time.Second, f, watch.Config{Now: true, Jitter: -1, Report: func(s *watch.State) { states = append(states, s.ISNS) }})
		var got []string
		for _, e := range events {
			s := tell(e)
			if e.ISNS {
				s = "isns: " + s
			}
			got = append(got, s)
		}
		slices.Sort(got)
		want := []string{"isns: snapshot 192.0.0.1 true 1", "isns: target-appeared 192.0.0.1 vault", "snapshot 192.0.0.1 true 1"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if !slices.Contains(states, true) || !slices.Contains(states, false) {
			t.Errorf("got states %t, want those of both", states)
		}
	})
}

// TestNotices: a notice has its server asked at once, many of them at most once a second,
// and one for a server that is not watched changes nothing. A target that is gone is asked
// for again at once, until as many answers agree as are to.
func TestNotices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newISNSFake(t)
		f.server.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
			time.Sleep(10 * time.Millisecond)
			if n == 0 {
				return has("disk")
			}
			return has()
		}
		notices := make(chan initiator.Key)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		begin := time.Now()
		go func() {
			time.Sleep(10*time.Second + 500*time.Millisecond)
			notices <- key(2)
			for range 1000 { // a flood, for 2 s
				notices <- key(1)
				time.Sleep(2 * time.Millisecond)
			}
			time.Sleep(10 * time.Second)
			cancel()
		}()
		var vanished time.Duration
		for e := range watch.Run(ctx, f, watch.Config{Now: true, Jitter: -1, Every: time.Hour, HoldVanished: 3, Notices: notices}) {
			if e.Type == watch.TargetVanished {
				vanished = time.Since(begin)
			}
		}
		ms := time.Millisecond
		want := []time.Duration{0, 10500 * ms, 11500 * ms, 12500 * ms}
		if got := since(begin, f.server.times(key(1))); !slices.Equal(got, want) {
			t.Errorf("the server was asked after %s, want %s", got, want)
		}
		if want := 12510 * ms; vanished != want {
			t.Errorf("the target vanished after %s, want %s", vanished, want)
		}
		if got := len(f.times(key(1))); got != 1 {
			t.Errorf("the portal was asked %d times, want 1", got)
		}
	})
}

// TestNoticeHeld: after one notice alone, a target that is gone is asked for again as often as
// answers have to agree, a second apart, and then no more.
func TestNoticeHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newISNSFake(t)
		f.server.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
			if n == 0 {
				return has("disk")
			}
			return has()
		}
		notices := make(chan initiator.Key)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		begin := time.Now()
		go func() {
			time.Sleep(10 * time.Second)
			notices <- key(1)
			time.Sleep(10 * time.Minute)
			cancel()
		}()
		var vanished time.Duration
		for e := range watch.Run(ctx, f, watch.Config{Now: true, Jitter: -1, Every: time.Hour, HoldVanished: 3, Notices: notices}) {
			if e.Type == watch.TargetVanished {
				vanished = time.Since(begin)
			}
		}
		want := []time.Duration{0, 10 * time.Second, 11 * time.Second, 12 * time.Second}
		if got := since(begin, f.server.times(key(1))); !slices.Equal(got, want) {
			t.Errorf("the server was asked after %s, want %s", got, want)
		}
		if want := 12 * time.Second; vanished != want {
			t.Errorf("the target vanished after %s, want %s", vanished, want)
		}
	})
}
