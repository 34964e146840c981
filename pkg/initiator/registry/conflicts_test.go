package registry_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
)

// A busyStore is a memstore.Store whose records another writer always changes first.
type busyStore struct {
	memstore.Store
	tries int
	meets func(try int) // nil: nothing
}

func (s *busyStore) Apply(_ context.Context, changes ...registry.Change) error {
	s.tries++
	if s.meets != nil {
		s.meets(s.tries)
	}
	return &registry.ConflictError{Key: changes[0].Key, Have: uint64(s.tries)}
}

// TestConflictsEnd: a change that other writers are always ahead of is given up, after
// waits, with an error that says so and that a later try may succeed; and at once where
// the caller gives up (issue 13, 44).
func TestConflictsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(busyStore)
		w := newWorld(t, onStore(store))
		add := func(ctx context.Context) error {
			return w.AddStaticTarget(ctx, registry.StaticTarget{Name: scene.Disk1, Persist: true})
		}
		err := add(t.Context())
		var conflict *registry.ConflictError
		if !errors.As(err, &conflict) || !initiator.Retryable(err) || store.tries != 20 || conflict.Tries != 20 {
			t.Errorf("%d tries, %v", store.tries, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		store.tries = 0
		store.meets = func(try int) {
			if try == 3 {
				cancel()
			}
		}
		if err := add(ctx); !errors.Is(err, context.Canceled) || store.tries != 3 {
			t.Errorf("%d tries, %v", store.tries, err)
		}
	})
}

// TestConflictsPass: a change goes through once other writers have ended (issue 13, 44).
func TestConflictsPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(hookStore)
		w := newWorld(t, onStore(store))
		n := 0
		store.hook = func(changes []registry.Change) {
			if n++; n > 15 {
				return
			}
			other := changes[0]
			other.Version = registry.AnyVersion
			if err := store.Store.Apply(t.Context(), other); err != nil {
				t.Error(err)
			}
		}
		scene.WantCode(t, w.AddStaticTarget(t.Context(), registry.StaticTarget{Name: scene.Disk1, Persist: true}), 0)
		if n != 16 {
			t.Errorf("%d tries, want 16", n)
		}
	})
}
