package initiator_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestSilentPortals: silent portals cost their own time and that of no other: a run
// takes no more than it does without them, and a timeout for each round of as many
// as are asked at once.
func TestSilentPortals(t *testing.T) {
	t.Parallel()
	const parallel, good = 8, 40
	orders := map[string]func(silent, i int) bool{ // whether portal i is silent
		"first":  func(silent, i int) bool { return i < silent },
		"last":   func(silent, i int) bool { return i >= good },
		"spread": func(silent, i int) bool { return i*silent/(good+silent) != (i+1)*silent/(good+silent) },
	}
	for name, isSilent := range orders {
		for _, silent := range []int{1, parallel, parallel + 1, 3 * parallel} {
			for _, each := range []time.Duration{0, time.Second} { // that a good portal takes
				if name == "spread" && each > 0 {
					continue // a silent one may then begin when the others are nearly done
				}
				t.Run(fmt.Sprintf("%d %s, %s", silent, name, each), func(t *testing.T) {
					t.Parallel()
					scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
						d.Parallel = parallel
						dial := d.Dial
						d.Dial = func(ctx context.Context, src netip.Addr, dst netip.AddrPort) (net.Conn, error) {
							if dst.Addr().As4()[1] == 0 {
								time.Sleep(each)
							}
							return dial(ctx, src, dst)
						}
						var portals []initiator.SendTargetPortal
						for i := range good + silent {
							if isSilent(silent, i) {
								portals = append(portals, scene.Portal(n, fmt.Sprintf("10.1.0.%d:3260", i+1)))
							} else {
								portals = append(portals, scene.Portal(n, fmt.Sprintf("10.0.0.%d:3260", i+1), &iscsitest.Target{}))
							}
						}
						start := time.Now()
						failed := 0
						for e := range d.Run(t.Context(), slices.Values(portals)) {
							if done, ok := e.(initiator.PortalDone); ok && done.Result.Err != nil {
								failed++
							}
						}
						rounds := func(n int) time.Duration { return time.Duration((n + parallel - 1) / parallel) }
						bound := rounds(good)*each + rounds(silent)*d.Timeout
						if took := time.Since(start); took > bound || failed != silent {
							t.Errorf("it took %s, want at most %s; %d failed, want %d", took, bound, failed, silent)
						}
					})
				})
			}
		}
	}
}
