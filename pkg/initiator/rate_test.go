package initiator_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRate: in no second are more connections begun than Discoverer.Rate, over all runs
// of it, those of redirections included; without one there is no such limit.
func TestRate(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{0, 1, 50, 1000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				var mu sync.Mutex
				var begun []time.Time
				dial := d.Dial
				d.Dial = func(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
					mu.Lock()
					defer mu.Unlock()
					begun = append(begun, time.Now())
					return dial(ctx, from, to)
				}
				d.Rate = rate
				portals := max(2*rate, 10)
				run := func(block int) {
					var all []initiator.SendTargetPortal
					for i := range portals {
						addr := fmt.Sprintf("10.%d.%d.%d", block, i>>8, i&0xff)
						if i%2 == 0 { // two connections
							n.Portal(addr+":3261", &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")})
							all = append(all, scene.Portal(n, addr+":3260", scene.Sends(addr+":3261")))
							continue
						}
						all = append(all, scene.Portal(n, addr+":3260", &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")}))
					}
					for e := range d.Run(t.Context(), slices.Values(all)) {
						if done, ok := e.(initiator.PortalDone); ok && done.Result.Err != nil {
							t.Errorf("%v", done.Result.Err)
						}
					}
				}
				var runs sync.WaitGroup
				start := time.Now()
				runs.Go(func() { run(1) })
				runs.Go(func() { run(2) })
				runs.Wait()
				if want := 3 * portals; len(begun) != want {
					t.Errorf("%d connections, want %d", len(begun), want)
				}
				if rate == 0 {
					if last := begun[len(begun)-1]; last != start {
						t.Errorf("the last connection was begun after %s", last.Sub(start))
					}
					return
				}
				burst := max(1, rate/20)
				for i := burst + rate; i < len(begun); i++ {
					if took := begun[i].Sub(begun[i-burst-rate]); took < time.Second-time.Millisecond {
						t.Fatalf("%d connections within %s, want %d a second", burst+rate, took, rate)
					}
				}
				least := time.Duration(len(begun)-1-burst) * time.Second / time.Duration(rate)
				if last := begun[len(begun)-1].Sub(start); last < least || last > least+least/4+2*time.Second {
					t.Errorf("it took %s, want about %s", last, least)
				}
			})
		})
	}
}
