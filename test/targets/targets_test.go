package targets_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/targets"
)

// addrs are three loopback addresses, or two where there is no IPv6.
func addrs() []netip.Addr {
	list := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")}
	if need.HasIPv6() {
		list = append(list, netip.IPv6Loopback())
	}
	return list
}

// list is what iscsi-ls should print for targets that all have these portals,
// in portal group 1.
func list(names []string, portals ...netip.AddrPort) map[string][]string {
	var want []string
	for _, p := range portals {
		want = append(want, p.String()+",1")
	}
	slices.Sort(want)
	m := make(map[string][]string)
	for _, name := range names {
		m[name] = want
	}
	return m
}

// checkStopped checks that a target left no process, port or file.
func checkStopped(t *testing.T, g *targets.Target) {
	t.Helper()
	pid := g.Pid()
	g.Stop()
	g.Stop() // harmless
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); !os.IsNotExist(err) {
		t.Errorf("process %d: got %v, want it gone", pid, err)
	}
	for _, p := range g.Portals {
		if conn, err := net.Dial("tcp", p.String()); err == nil {
			conn.Close()
			t.Errorf("portal %s: still accepts connections", p)
		}
	}
}
