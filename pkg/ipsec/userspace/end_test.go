package userspace

import (
	"context"
	"net/netip"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A countingSocket counts the informational requests that we send.
type countingSocket struct {
	socket
	mu    sync.Mutex
	count int // guarded by mu
}

func (s *countingSocket) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	const marker, informational, isResponse = 4, 37, 0x20
	if len(b) > marker {
		if h, err := ike.ParseHeader(b[marker:]); err == nil && h.Exchange == informational && h.Flags&isResponse == 0 {
			s.mu.Lock()
			s.count++
			s.mu.Unlock()
		}
	}
	return s.socket.WriteToUDPAddrPort(b, to)
}

// TestOneDelete: the end of the only connection is one request, the Delete of the IKE
// security association. charon drops the second of two requests that come in disorder, and
// would keep the association.
func TestOneDelete(t *testing.T) {
	t.Parallel()
	w := newWorld2(t, source4, portal4, func(*iketest.V2Config) {})
	var counting *countingSocket
	w.e.listen = func(ctx context.Context, source netip.Addr, device string) (socket, error) {
		s, err := w.host.listen(ctx, source, device)
		counting = &countingSocket{socket: s}
		return counting, err
	}
	if _, err := w.use(t, request(t, ipsec.FlagTransport, ipsec.IKEv2), 100); err != nil {
		t.Fatal(err)
	}
	w.wantGone(t)
	if counting.count != 1 {
		t.Errorf("got %d informational requests, want 1", counting.count)
	}
}
