package initiator_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestReached: the caller hears of each stage of each portal, from the first to the last.
func TestReached(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			n := iscsitest.NewNetwork(t)
			var (
				mu  sync.Mutex // guards got
				got [3][]initiator.Stage
			)
			d := scene.NewDiscoverer()
			d.Dial, d.Timeout, d.Parallel = n.Dial, 4*time.Second, parallel
			d.Reached = func(index int, p initiator.Portal, s initiator.Stage) {
				mu.Lock()
				defer mu.Unlock()
				if want := []string{"192.0.2.10", "192.0.2.11", "192.0.2.12"}[index]; p.Address != want {
					t.Errorf("portal %d is %s, want %s", index, p.Address, want)
				}
				got[index] = append(got[index], s)
			}
			portals := []initiator.SendTargetPortal{
				scene.Portal(n, "192.0.2.10:3260", &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")}),
				scene.Portal(n, "192.0.2.11:3260"), // silent
				scene.At(netip.MustParseAddrPort("192.0.2.12:3260")),
			}
			for range d.Run(context.Background(), slices.Values(portals)) {
			}
			connecting := []initiator.Stage{initiator.StageValidate, initiator.StageSecure, initiator.StageConnect}
			for index, want := range [][]initiator.Stage{
				slices.Concat(connecting, []initiator.Stage{initiator.StageLogin, initiator.StageDiscover, initiator.StageSecure, initiator.StageLogout}),
				append(slices.Clone(connecting), initiator.StageLogout),
				append(slices.Clone(connecting), initiator.StageLogout), // refused
			} {
				if !slices.Equal(got[index], want) {
					t.Errorf("%d at once: portal %d: got %v, want %v", parallel, index, got[index], want)
				}
			}
		})
	}
}
