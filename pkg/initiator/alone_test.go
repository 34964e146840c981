package initiator_test

import (
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestLoopLocksThread: a loop may keep its thread, as one does that enters a network
// namespace; also where the portals are asked in its goroutine.
func TestLoopLocksThread(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 2} {
		d := scene.NewDiscoverer()
		d.Parallel = parallel
		d.Dial = pipes(t, &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")})
		portal := scene.At(netip.MustParseAddrPort(scene.Where))
		locked, found := 0, 0
		for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{portal, portal})) {
			runtime.LockOSThread()
			locked++
			switch e := e.(type) {
			case initiator.TargetFound:
				found++
			case initiator.PortalDone:
				scene.Judge(t, e.Result.Err, scene.Outcome{})
			}
		}
		for range locked {
			runtime.UnlockOSThread()
		}
		if found != 2 {
			t.Errorf("%d at once: %d targets, want 2", parallel, found)
		}
	}
}
