package watch_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// TestList: entries that come and go are told, those of the beginning are not; the list is
// read in each interval, and at once on demand.
func TestList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, key(0), key(1))
		reload := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		at := func(after time.Duration, do func()) { time.AfterFunc(after, do) }
		at(90*time.Second, func() { f.set(func() { f.keys = []initiator.Key{key(1), key(2)} }) })
		at(5*time.Minute+10*time.Second, func() {
			f.set(func() { f.keys = []initiator.Key{key(1), key(0)} })
			reload <- struct{}{}
			close(reload)
		})
		var got []string
		start := time.Now()
		removed := 0
		cfg := watch.Config{Now: true, Jitter: -1, Reload: reload, Report: func(s *watch.State) {
			if s.Removed {
				removed++
			}
		}}
		for e := range watch.Run(ctx, f, cfg) {
			got = append(got, time.Since(start).String()+" "+tell(e))
		}
		slices.Sort(got[:2]) // they were asked at one time
		want := []string{
			"0s snapshot 192.0.0.0 true 0", "0s snapshot 192.0.0.1 true 0",
			"2m0s portal-added 192.0.0.2", "2m0s portal-removed 192.0.0.0", "2m1s snapshot 192.0.0.2 true 0",
			"5m10s portal-added 192.0.0.0", "5m10s portal-removed 192.0.0.2", "5m10s snapshot 192.0.0.0 true 0",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if removed != 2 || f.lists < 10 || f.lists > 12 {
			t.Errorf("%d reports of removals, the list was read %d times", removed, f.lists)
		}
		if n := len(f.times(key(0))); n < 6 || n > 8 { // 3 before, 5 after
			t.Errorf("the entry that was removed was asked %d times", n)
		}
	})
}

// TestListBroken: a list that cannot be read is told once; the watch goes on with what it
// knows, and nothing is taken for removed.
func TestListBroken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, key(0))
		f.listErr = errLocked
		time.AfterFunc(150*time.Second, func() { f.set(func() { f.listErr = nil }) })
		time.AfterFunc(5*time.Minute+time.Second, func() { f.set(func() { f.listErr, f.keys = errLocked, []initiator.Key{key(1)} }) })
		time.AfterFunc(9*time.Minute+time.Second, func() { f.set(func() { f.listErr = nil }) })
		got := within(t, 12*time.Minute, f, watch.Config{Now: true, Jitter: -1})
		want := []string{
			"registry-failed", "registry-recovered", "snapshot 192.0.0.0 true 0",
			"registry-failed", "portal-added 192.0.0.1", "snapshot 192.0.0.1 true 0",
			"registry-recovered", "portal-removed 192.0.0.0",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if n := len(f.times(key(0))); n < 7 || n > 8 {
			t.Errorf("asked %d times, want 7 or 8", n)
		}
	})
}

// TestReplaced: an entry that is removed and added while it is being asked is not asked
// twice at once, and the answer to the earlier one does not count.
func TestReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, key(0))
		f.answer = func(_ context.Context, _ initiator.Key, n int) initiator.Result {
			if n == 0 {
				time.Sleep(30 * time.Second)
				return has("old")
			}
			return has("new")
		}
		reload := make(chan struct{})
		time.AfterFunc(5*time.Second, func() { f.set(func() { f.keys = nil }); reload <- struct{}{} })
		time.AfterFunc(10*time.Second, func() { f.set(func() { f.keys = []initiator.Key{key(0)} }); reload <- struct{}{} })
		got := within(t, 3*time.Minute, f, watch.Config{Now: true, Jitter: -1, Reload: reload})
		want := []string{"portal-removed 192.0.0.0", "portal-added 192.0.0.0", "snapshot 192.0.0.0 true 1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestKnown: what the source knows is told at the beginning, and answers are compared with
// it.
func TestKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		f := newFake(t, keys(5)...)
		f.known = []watch.Answer{
			{Key: key(0), Targets: has("a", "b").Targets, LastOK: now},
			{Key: key(1), Targets: has("a").Targets, Missing: []string{iqn("b")}, LastOK: now},
			{Key: key(2), Targets: has("a").Targets, LastOK: now.Add(-time.Hour), FailingSince: now.Add(-time.Minute), Failures: 3, Code: isdsc.ConnectionFailed},
			{Key: key(3), FailingSince: now.Add(-time.Minute), Failures: 1, Code: isdsc.ConnectionFailed},
			{Key: key(4)}, {Key: key(7), LastOK: now},
		}
		f.answer = func(_ context.Context, k initiator.Key, n int) initiator.Result {
			switch {
			case k == key(2) && n == 0, k == key(3) && n == 0:
				return down
			case k == key(4):
				return has()
			}
			return has("b", "c")
		}
		states := make(map[initiator.Key][]watch.Status)
		counts := make(map[initiator.Key][2]int)
		cfg := watch.Config{Every: time.Minute, Jitter: -1, HoldVanished: 1, Report: func(s *watch.State) {
			states[s.Key] = append(states[s.Key], s.Status)
			counts[s.Key] = [2]int{s.Targets, s.Known}
		}}
		var first []string
		told := make(map[string]int)
		for _, e := range eventsWithin(t, 4*time.Minute, f, cfg) {
			s := tell(e)
			if len(first) < 4 {
				first = append(first, s)
				continue
			}
			if e.Type == watch.PortalRecovered {
				s = s[:len("portal-recovered 192.0.0.0")]
				if e.After < 3*time.Minute || e.After > 5*time.Minute {
					t.Errorf("%s after %s", s, e.After)
				}
			}
			told[s]++
		}
		if diff := cmp.Diff([]string{"snapshot 192.0.0.0 true 2", "snapshot 192.0.0.1 true 1", "snapshot 192.0.0.2 false 1", "snapshot 192.0.0.3 false 0"}, first); diff != "" {
			t.Errorf("at the beginning (-want +got):\n%s", diff)
		}
		want := map[string]int{
			"target-vanished 192.0.0.0 a": 1, "target-appeared 192.0.0.0 c": 1, "target-vanished 192.0.0.1 a": 1,
			"target-appeared 192.0.0.1 b": 1, "target-appeared 192.0.0.1 c": 1, "target-vanished 192.0.0.2 a": 1,
			"target-appeared 192.0.0.2 b": 1, "target-appeared 192.0.0.2 c": 1, "portal-recovered 192.0.0.2": 1,
			"portal-recovered 192.0.0.3": 1, "snapshot 192.0.0.4 true 0": 1,
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		wantStates := map[initiator.Key][3]watch.Status{key(0): {watch.Up, watch.Few, watch.Few}, key(1): {watch.Few, watch.Few, watch.Few},
			key(2): {watch.Down, watch.Down, watch.Few}, key(3): {watch.Down, watch.Down, watch.Up}, key(4): {watch.Unknown, watch.Up, watch.Up}}
		for k, want := range wantStates {
			if diff := cmp.Diff(want[:], states[k][:3]); diff != "" {
				t.Errorf("%s: statuses (-want +got):\n%s", k, diff)
			}
		}
		if counts[key(0)] != [2]int{2, 3} || counts[key(1)] != [2]int{2, 3} || counts[key(3)] != [2]int{2, 2} {
			t.Errorf("targets and known targets: %v", counts)
		}
	})
}

// An interrupted source is one whose watch ends while it says what it knows.
type interrupted struct {
	*fake
	interrupt func()
}

func (s interrupted) Known(ctx context.Context) iter.Seq2[watch.Answer, error] {
	return func(yield func(watch.Answer, error) bool) {
		s.interrupt()
		yield(watch.Answer{}, ctx.Err())
	}
}

// TestEndWhileReading: the end of a watch is no failure of the source that is being read.
func TestEndWhileReading(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	for e := range watch.Run(ctx, interrupted{newFake(t, key(1)), cancel}, watch.Config{Every: time.Hour}) {
		t.Errorf("got %s", tell(e))
	}
}
