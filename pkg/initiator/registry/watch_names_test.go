package registry_test

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// TestWatchNames: where the name server is gone, portals with host names have failed until
// it is back, and no target of theirs has vanished; others go on.
func TestWatchNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		w := newWorld(t, func(c *registry.Config) {
			c.Discoverer.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
				if gone.Load() {
					return nil, &net.DNSError{Err: "server misbehaving", Name: host, Server: "192.0.2.53:53", IsTemporary: true}
				}
				return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
			}
		})
		target := new(changing)
		target.set("iqn.2026-11.com.example:a")
		p := scene.Portal(w.network, "192.0.2.1:3260", target)
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		p.Portal.Address = "storage.example"
		_, err = w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		watching := watchIn(t, w.Service, everySecond)
		time.Sleep(5 * time.Second)
		watching.want(t, "with names", "snapshot 192.0.2.1 true 1", "snapshot storage.example true 1")
		gone.Store(true)
		time.Sleep(30 * time.Second)
		target.set("iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b")
		time.Sleep(5 * time.Second)
		watching.want(t, "without", "portal-failed storage.example", "target-appeared 192.0.2.1 b")
		gone.Store(false)
		time.Sleep(15 * time.Second)
		watching.want(t, "with names again", "portal-recovered storage.example", "target-appeared storage.example b")
		watching.end()
	})
}
