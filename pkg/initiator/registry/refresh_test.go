package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRefreshSome: portals that are named are asked, in and out of the registry, and
// answer in their order; one that is refused costs no other.
func TestRefreshSome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var keys []initiator.Key
	for i := range 4 {
		p := scene.At(w.network.Portal(fmt.Sprintf("192.0.2.%d:3260", 10+i), &iscsitest.Target{Records: scene.Records(scene.Disk1)}, &iscsitest.Target{Records: scene.Records(scene.Disk1, scene.Disk2)}))
		if keys = append(keys, p.Key()); i == 0 {
			_, err := w.AddSendTargetPortal(t.Context(), p)
			scene.WantCode(t, err, isdsc.Success)
		}
	}
	keys[2].Instance = "none"
	want := []struct {
		code   uint32
		stored bool
		found  int
	}{{stored: true, found: 2}, {found: 1}, {code: isdsc.InitiatorInstanceNotFound}, {found: 1}}
	i := 0
	for r := range w.Refresh(t.Context(), keys) {
		if r.Asked.Portal != keys[i].Portal || initiator.Code(r.Err) != want[i].code || r.Stored != want[i].stored || r.TargetsFound != want[i].found {
			t.Errorf("result %d: %s, stored %t, %d targets, %v", i, r.Asked.Portal, r.Stored, r.TargetsFound, r.Err)
		}
		i++
	}
	if i != len(keys) {
		t.Errorf("%d results, want %d", i, len(keys))
	}
	if known, entries := len(w.targets()), len(w.portals()); known != 2 || entries != 1 {
		t.Errorf("%d targets are known, and there are %d entries; want 2 and 1", known, entries)
	}
}

// TestRefreshCancelled: when the context has ended, each portal that was not asked has
// a result that says so. Leaving early leaves nothing behind.
func TestRefreshCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var keys []initiator.Key
	for i := range 3 {
		p := scene.At(w.network.Portal(fmt.Sprintf("192.0.2.%d:3260", 10+i), &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
		keys = append(keys, p.Key())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := 0
	for r := range w.Refresh(ctx, keys) {
		if r.Asked.Portal != keys[results].Portal || initiator.Code(r.Err) != isdsc.Win32Cancelled {
			t.Errorf("result %d: %s, %v", results, r.Asked.Portal, r.Err)
		}
		results++
	}
	if results != len(keys) {
		t.Errorf("%d results, want %d", results, len(keys))
	}
	for range w.Refresh(t.Context(), keys) {
		break
	}
}

// TestRefreshAllCancelled: when the context has ended, each entry has a result that says
// so, with its portal, and its last result stays; none is without a portal (issue 13, 14
// and 16).
func TestRefreshAllCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		_, err := w.AddSendTargetPortal(t.Context(), scene.At(w.network.Portal(fmt.Sprintf("192.0.2.%d:3260", 10+i), &iscsitest.Target{Records: scene.Records(scene.Disk1)})))
		scene.WantCode(t, err, isdsc.Success)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := 0
	for r := range w.RefreshAll(ctx) {
		if want := fmt.Sprintf("192.0.2.%d", 10+n); r.Asked.Portal.Address != want || !r.Stored || initiator.Code(r.Err) != isdsc.Win32Cancelled {
			t.Errorf("result %d: %s, %v", n, r.Asked.Portal, r.Err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d results, want 3", n)
	}
	for _, p := range w.portals() {
		if p.Last.Code != isdsc.Success || p.Last.Targets != 1 {
			t.Errorf("%s: last result %+v", p.Portal, p.Last)
		}
	}
}

// A fullStore takes no targets, as on a full disk.
type fullStore struct {
	memstore.Store
	full bool
}

func (s *fullStore) Apply(ctx context.Context, changes ...registry.Change) error {
	if s.full && strings.HasPrefix(changes[0].Key, "target/") {
		return errors.New("no space left")
	}
	return s.Store.Apply(ctx, changes...)
}

// TestLastResultOfOwnFault (issue 13, 16): an answer that cannot be stored is no failure
// of the scene.Portal, whose last result stays.
func TestLastResultOfOwnFault(t *testing.T) {
	t.Parallel()
	store := new(fullStore)
	w := newWorld(t, onStore(store))
	p := scene.At(w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)}, &iscsitest.Target{Records: scene.Records(scene.Disk1, scene.Disk2)}))
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	store.full = true
	r, err := w.RefreshSendTargetPortal(t.Context(), p.Key())
	if err == nil || r.Err == nil {
		t.Error("what could not be stored is no error")
	}
	if last := w.portals()[0].Last; last.Code != isdsc.Success || last.Targets != 1 {
		t.Errorf("last result %+v", last)
	}
}
