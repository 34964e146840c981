package registry_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A locked is a Store that another process has locked, as long as it is set.
type locked struct {
	memstore.Store
	lock atomic.Bool
}

// Apply waits as long as its caller does.
func (s *locked) Apply(ctx context.Context, changes ...registry.Change) error {
	if s.lock.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Store.Apply(ctx, changes...)
}

// TestOutlasting: a watch of a registry that is locked ends soon after it is to end, though
// what it has found would be stored for longer.
func TestOutlasting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(locked)
		w := newWorld(t, func(c *registry.Config) { c.Store = store })
		_, err := w.AddSendTargetPortal(t.Context(), scene.Portal(w.network, "192.0.2.1:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
		scene.WantCode(t, err, isdsc.Success)
		watching := watchIn(t, w.Service, everySecond)
		time.Sleep(5 * time.Second)
		store.lock.Store(true)
		time.Sleep(time.Minute)
		begun := time.Now()
		if watching.end(); time.Since(begun) > 15*time.Second {
			t.Errorf("it ended after %v", time.Since(begun))
		}
		store.lock.Store(false)
	})
}
