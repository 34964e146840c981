package registry_test

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestClockJumps: a clock that is set back or far ahead leaves the times of a target
// in their order, makes no target missing that is there, and has nothing forgotten
// too early that it does not itself make old.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for name, jump := range map[string]time.Duration{"back to 1970": -56 * year, "back a second": -time.Second, "ahead 70 years": 70 * year, "none": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			both := &iscsitest.Target{Records: scene.Records(scene.Disk1, scene.Disk2)}
			one := &iscsitest.Target{Records: scene.Records(scene.Disk1)}
			addr := w.network.Portal("192.0.2.10:3260", both, both, one, one, both)
			p := scene.At(addr)
			_, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, isdsc.Success)
			begin := w.clock
			refresh := func() {
				t.Helper()
				_, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
				scene.WantCode(t, err, isdsc.Success)
				for _, k := range w.targets() {
					m := k.Mechanisms[0]
					if !m.FirstSeen.Equal(begin) || m.LastSeen.Before(m.FirstSeen) || !m.MissingSince.IsZero() && m.MissingSince.Before(m.LastSeen) {
						t.Errorf("%s: first seen %s, last seen %s, missing since %s", k.Name, m.FirstSeen, m.LastSeen, m.MissingSince)
					}
				}
			}
			prune := func(missingFor time.Duration, want int) {
				t.Helper()
				if n, err := w.PruneTargets(t.Context(), missingFor); n != want || err != nil {
					t.Errorf("pruned %d, %v; want %d", n, err, want)
				}
			}
			w.clock = w.clock.Add(jump)
			refresh() // both are there
			prune(time.Hour, 0)
			prune(0, 0)
			w.clock = w.clock.Add(time.Minute)
			refresh() // Disk2 is missing
			prune(time.Hour, 0)
			w.clock = begin.Add(2 * time.Minute) // the clock is right again
			refresh()
			prune(time.Hour, 0)
			prune(0, 1) // whatever is missing, whenever that was
			_, err = w.RefreshSendTargetPortal(t.Context(), p.Key())
			scene.WantCode(t, err, isdsc.Success) // and it is there again, as a new one
			for _, k := range w.targets() {
				if m := k.Mechanisms[0]; !m.MissingSince.IsZero() {
					t.Errorf("%s is missing since %s", k.Name, m.MissingSince)
				}
			}
		})
	}
}

// TestClockBack: what was missing before the clock was set back is forgotten once
// it has been for as long as is asked for, by the clock as it is now.
func TestClockBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)}, &iscsitest.Target{})
	p := scene.At(addr)
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	_, err = w.RefreshSendTargetPortal(t.Context(), p.Key())
	scene.WantCode(t, err, isdsc.Success)
	since := w.clock
	for _, tt := range []struct {
		now  time.Time
		want int
	}{{since.Add(-time.Hour), 0}, {since.Add(59 * time.Minute), 0}, {since.Add(time.Hour), 1}} {
		w.clock = tt.now
		if n, err := w.PruneTargets(t.Context(), time.Hour); n != tt.want || err != nil {
			t.Errorf("at %s: pruned %d, %v; want %d", tt.now, n, err, tt.want)
		}
	}
}
