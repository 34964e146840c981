package registry_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// A writtenStore counts the records that are written, by the first part of their keys.
type writtenStore struct {
	memstore.Store
	mu      sync.Mutex
	applies int
	written map[string]int
}

func (s *writtenStore) Apply(ctx context.Context, changes ...registry.Change) error {
	s.mu.Lock()
	s.applies++
	for _, c := range changes {
		prefix, _, _ := strings.Cut(c.Key, "/")
		s.written[prefix]++
	}
	s.mu.Unlock()
	return s.Store.Apply(ctx, changes...)
}

// many returns so many names of targets.
func many(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("iqn.2026-11.com.example:t%06d", i))
	}
	return all
}

// An answer that says nothing new writes the record of the server alone, and a large one
// takes few batches.
func TestISNSWrites(t *testing.T) {
	t.Parallel()
	store := &writtenStore{written: make(map[string]int)}
	names := many(1500)
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(names...)}, func(c *registry.Config) { c.Store = store })
	w.addServer()
	if store.written["target"] != 1500 || store.applies > 10 {
		t.Errorf("got %d batches with %v", store.applies, store.written)
	}
	store.written, store.applies = make(map[string]int), 0
	w.refreshServer()
	if store.applies != 1 || store.written["isns-server"] != 1 || len(store.written) != 1 {
		t.Errorf("got %d batches with %v, want the server's record alone", store.applies, store.written)
	}
	changeServer(server, names[:1499]...)
	store.written, store.applies = make(map[string]int), 0
	if r := w.refreshServer(); len(r.Changes) != 1 || store.written["target"] != 1 {
		t.Errorf("got %+v, %v", r.Changes, store.written)
	}
}

// What changed the records behind the back of the digest is put right within a day.
func TestISNSComparedDaily(t *testing.T) {
	t.Parallel()
	w, _ := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(iSNSA, iSNSB)})
	w.addServer()
	for r := range w.store.List(t.Context(), "target/") {
		if err := w.store.Apply(t.Context(), registry.Change{Key: r.Key, Version: registry.AnyVersion, Value: []byte("{")}); err != nil {
			t.Fatal(err)
		}
		break
	}
	w.refreshServer()
	w.clock = w.clock.Add(24 * time.Hour)
	if r := w.refreshServer(); len(r.Changes) != 1 || len(w.targets()) != 2 {
		t.Errorf("got %+v, %+v", r.Changes, w.targets())
	}
}

// Several Services that ask one server at once leave what it says.
func TestISNSAtOnce(t *testing.T) {
	t.Parallel()
	store := new(memstore.Store)
	names := many(300)
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(names...)}, func(c *registry.Config) { c.Store = store })
	w.addServer()
	changeServer(server, names[100:]...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := w.RefreshISNSServer(t.Context(), serverPortal); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	missing := slices.DeleteFunc(w.targets(), func(k registry.KnownTarget) bool { return k.Mechanisms[0].MissingSince.IsZero() })
	if len(missing) != 100 {
		t.Errorf("got %d missing, want 100", len(missing))
	}
	server.Change(func(d *isnstest.Database) { *d = isnstest.Targets(names...) })
	w.refreshServer()
	if missing := slices.DeleteFunc(w.targets(), func(k registry.KnownTarget) bool { return k.Mechanisms[0].MissingSince.IsZero() }); len(missing) != 0 {
		t.Errorf("got %d missing, want none", len(missing))
	}
}

// A merge that stops half way is gone through again by the next answer, even if that is the
// one from before.
func TestISNSHalfWay(t *testing.T) {
	t.Parallel()
	store := new(fullStore)
	names := many(10)
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(names...)}, onStore(store))
	w.addServer()
	changeServer(server, names[1:]...)
	store.full = true
	if _, err := w.RefreshISNSServer(t.Context(), serverPortal); err == nil {
		t.Fatal("got no error")
	}
	store.full = false
	damaged := registry.Change{Key: "target/" + names[3] + "/x", Version: registry.AnyVersion, Delete: true}
	for r := range w.store.List(t.Context(), "target/") {
		damaged.Key = r.Key
	}
	if err := w.store.Apply(t.Context(), damaged); err != nil {
		t.Fatal(err)
	}
	changeServer(server, names...)
	w.refreshServer()
	if got := len(w.targets()); got != 10 {
		t.Errorf("got %d targets, want 10", got)
	}
}
