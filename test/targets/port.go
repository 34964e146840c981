package targets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

// portTries is how often a port is chosen anew when another program was faster.
const portTries = 10

// errTaken is the error of a start that found its port taken.
var errTaken = errors.New("targets: the port is taken")

// Loopback is where a target listens that was not told where.
func Loopback() []netip.Addr { return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})} }

// FreePort returns a TCP port that is free on all the addresses. It may be
// taken a moment later, so who uses it has to be ready to ask again.
func FreePort(n *netns.Namespace, addrs ...netip.Addr) (uint16, error) {
	var err error
	for range portTries {
		var port uint16
		if port, err = freePort(n, addrs); err == nil {
			return port, nil
		}
	}
	return 0, err
}

// freePort lets the system choose a port on the first address and tries it on
// the others.
func freePort(n *netns.Namespace, addrs []netip.Addr) (port uint16, err error) {
	for _, addr := range addrs {
		var l net.Listener
		l, err = n.Listen(context.Background(), netip.AddrPortFrom(addr, port))
		if err != nil {
			return 0, fmt.Errorf("targets: no free port on %s: %w", addr, err)
		}
		defer l.Close()
		port = l.Addr().(*net.TCPAddr).AddrPort().Port()
	}
	return port, nil
}

// onPort starts something on the given port or, where that is zero, on a free
// one, and on another if it was taken meanwhile.
func onPort(t testing.TB, n *netns.Namespace, addrs []netip.Addr, port uint16, start func(uint16) error) {
	t.Helper()
	given := port != 0
	for range portTries {
		var err error
		if !given {
			if port, err = FreePort(n, addrs...); err != nil {
				t.Fatal(err)
			}
		}
		if err = start(port); err == nil {
			return
		}
		if given || !errors.Is(err, errTaken) {
			t.Fatalf("start on port %d: %v", port, err)
		}
		t.Logf("port %d was taken, trying another", port)
	}
	t.Fatalf("%v, %d times", errTaken, portTries)
}

// portals joins addresses and a port.
func portals(addrs []netip.Addr, port uint16) []netip.AddrPort {
	out := make([]netip.AddrPort, len(addrs))
	for i, addr := range addrs {
		out[i] = netip.AddrPortFrom(addr, port)
	}
	return out
}
