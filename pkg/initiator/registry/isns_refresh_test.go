package registry_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// deafServers are iSNS servers that do not answer a connection.
type deafServers struct {
	*world

	mu   sync.Mutex // guards the following
	deaf bool       // now; before they refuse connections
	now  int        // how many are being connected to
	most int
}

// newDeafServers returns a world with so many servers in its registry. Each is refused first.
func newDeafServers(t *testing.T, n, parallel int) *deafServers {
	t.Helper()
	d := new(deafServers)
	d.world = newWorld(t, func(c *registry.Config) { c.Discoverer.Dial, c.Discoverer.Parallel = d.dial, parallel })
	for i := range n {
		_, _ = d.AddISNSServer(t.Context(), registry.ISNSServer{Address: initiator.Portal{Address: fmt.Sprintf("192.0.2.%d", 100+i)}})
	}
	d.deaf = true
	return d
}

func (d *deafServers) dial(ctx context.Context, _ netip.Addr, _ netip.AddrPort) (net.Conn, error) {
	d.mu.Lock()
	deaf := d.deaf
	d.now++
	d.most = max(d.most, d.now)
	d.mu.Unlock()
	err := error(syscall.ECONNREFUSED)
	if deaf {
		<-ctx.Done()
		err = ctx.Err()
	}
	d.mu.Lock()
	d.now--
	d.mu.Unlock()
	return nil, err
}

// Several servers are asked at once, each with the whole time limit for itself, and the
// results come in the order of the registry.
func TestRefreshISNSServersAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ servers, parallel, most, turns int }{{20, 0, 8, 3}, {20, 64, 8, 3}, {6, 2, 2, 3}, {3, 1, 1, 3}, {1, 0, 1, 1}, {0, 0, 0, 0}} {
		synctest.Test(t, func(t *testing.T) {
			d := newDeafServers(t, tt.servers, tt.parallel)
			d.most = 0
			begun := time.Now()
			i := 0
			for r := range d.RefreshISNSServers(t.Context()) {
				if want := fmt.Sprintf("192.0.2.%d", 100+i); r.Server.Address.Address != want || initiator.Code(r.Err) != isdsc.WSATimedOut || !r.Stored {
					t.Errorf("%+v: result %d: got %+v, want %s and that it timed out", tt, i, r, want)
				}
				i++
			}
			if took := time.Since(begun); i != tt.servers || d.most != tt.most || took != time.Duration(tt.turns)*time.Minute {
				t.Errorf("%+v: got %d results, %d servers at once, %v", tt, i, d.most, took)
			}
		})
	}
}

// What a caller does not wait for is not asked any more, and the registry learns nothing of
// it. Where the context has ended, each server has a result.
func TestRefreshISNSServersLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDeafServers(t, 20, 0)
		before := d.servers()
		d.clock = d.clock.Add(time.Hour)
		for range d.RefreshISNSServers(t.Context()) {
			break
		}
		if d.now != 0 {
			t.Errorf("got %d servers that are being asked, want none", d.now)
		}
		after := d.servers()
		asked := 0
		for i := range after {
			if after[i].Last != before[i].Last {
				asked++
			}
		}
		if asked > 8 {
			t.Errorf("got %d servers with another result, want 8 at most", asked)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var got []uint32
		for r := range d.RefreshISNSServers(ctx) {
			got = append(got, initiator.Code(r.Err))
		}
		if want := slices.Repeat([]uint32{isdsc.Win32Cancelled}, 20); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
