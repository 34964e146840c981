package initiator_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
)

// TestConnectingGoroutines: while connections are being made, the run has no goroutine
// beside those of its sessions and its own three; a connection that waits has none at all
// where it has left its session.
func TestConnectingGoroutines(t *testing.T) {
	quiet := silent(t)
	const run, portals = 3, 100
	for _, test := range []struct {
		name                 string
		parallel, connecting int
		waiting              int // connections that are being made at once
	}{
		{"in the sessions", 16, -1, 16},
		{"beside one session", 1, 2 * portals, portals},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := scene.NewDiscoverer()
			d.Timeout, d.Parallel, d.Connecting = time.Hour, test.parallel, test.connecting
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			goroutines, files := counted(t)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for range d.Run(ctx, slices.Values(slices.Repeat([]initiator.SendTargetPortal{scene.At(quiet.addr)}, portals))) {
				}
			}()
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for descriptors(t)-files < test.waiting { // each has a socket
				select {
				case <-ended:
					t.Fatal("the run has ended")
				case <-tick.C:
				}
			}
			// The one that consumes the run is ours.
			if got, most := runtime.NumGoroutine()-goroutines, test.parallel*mostGoroutines+run+1; got > most {
				t.Errorf("%d goroutines while %d connections are being made, want %d at most", got, test.waiting, most)
			}
			cancel()
			<-ended
		})
	}
}
