package registry_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A hookStore is a memstore.Store that runs hook before each Apply.
type hookStore struct {
	memstore.Store
	hook func(changes []registry.Change)
}

func (s *hookStore) Apply(ctx context.Context, changes ...registry.Change) error {
	if s.hook != nil {
		s.hook(changes)
	}
	return s.Store.Apply(ctx, changes...)
}

// onStore makes a world work on a store.
func onStore(store registry.Store) func(*registry.Config) {
	return func(cfg *registry.Config) { cfg.Store = store }
}

// TestPruneWhileRefreshed: what a refresh finds again between the moment when
// PruneTargets reads a record and the moment when it deletes it, stays (issue 13, 11).
func TestPruneWhileRefreshed(t *testing.T) {
	t.Parallel()
	store := new(hookStore)
	w := newWorld(t, onStore(store))
	both, one := &iscsitest.Target{Records: scene.Records(scene.Disk1, scene.Disk2)}, &iscsitest.Target{Records: scene.Records(scene.Disk1)}
	p := scene.At(w.network.Portal("192.0.2.10:3260", both, one, both, one))
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	refresh := func() {
		t.Helper()
		_, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
		scene.WantCode(t, err, isdsc.Success)
	}
	refresh() // Disk2 is missing
	store.hook = func(changes []registry.Change) {
		if changes[0].Delete && strings.Contains(changes[0].Key, "disk2") {
			store.hook = nil
			refresh()
		}
	}
	if n, err := w.PruneTargets(t.Context(), 0); n != 0 || err != nil {
		t.Errorf("pruned %d, %v; want none", n, err)
	}
	if store.hook != nil {
		t.Fatal("nothing was about to be pruned")
	}
	if m := mechanismOf(t, w, scene.Disk2); !m.MissingSince.IsZero() || !m.FirstSeen.Equal(w.clock) {
		t.Errorf("%+v", m)
	}
	w.clock = w.clock.Add(time.Hour)
	refresh()
	if n, err := w.PruneTargets(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("pruned %d, %v; want 1", n, err)
	}
}

// TestPruneWhileAdded: a target whose portal is added again while PruneTargets is about
// to delete it as stale, stays (issue 13, 11).
func TestPruneWhileAdded(t *testing.T) {
	t.Parallel()
	store := new(hookStore)
	w := newWorld(t, onStore(store))
	p := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)}, &iscsitest.Target{Status: 0x0301}))
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.Success)
	store.hook = func(changes []registry.Change) {
		if changes[0].Delete {
			store.hook = nil
			r, err := w.AddSendTargetPortal(t.Context(), p) // and it does not answer
			if !r.Stored || err == nil {
				t.Errorf("stored %t, %v", r.Stored, err)
			}
		}
	}
	if n, err := w.PruneTargets(t.Context(), 0); n != 0 || err != nil || store.hook != nil {
		t.Errorf("pruned %d, %v; want none", n, err)
	}
	if m := mechanismOf(t, w, scene.Disk1); m.Stale {
		t.Errorf("%+v is stale", m)
	}
}
