package targets_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/targets/gotgt"
	"github.com/go-iscsi/discovery/test/targets/need"
)

// lsQuiet is how long iscsi-ls is given to go on printing where it does not end.
const lsQuiet = 300 * time.Millisecond

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

func TestGotgt(t *testing.T) {
	g := targets.StartGotgt(t, targets.GotgtConfig{Addrs: addrs(), Targets: targets.Names("gotgt", 3)})
	for _, p := range g.Portals {
		got := targets.IscsiLs(t, targets.CHAP{}.URL(p))
		if diff := cmp.Diff(list(g.Targets, g.Portals...), got); diff != "" {
			t.Errorf("%s: want (-) and got (+):\n%s", p, diff)
		}
	}
	checkStopped(t, g)
}

func TestGotgtGroups(t *testing.T) {
	g := targets.StartGotgt(t, targets.GotgtConfig{
		LUN:    true,
		Groups: []gotgt.Group{{Tag: 1, Portals: []string{"192.0.2.1:3260", "[2001:db8::1]:3261"}}, {Tag: 7, Portals: []string{"192.0.2.1:3260"}}},
	})
	want := map[string][]string{g.Targets[0]: {"192.0.2.1:3260,1", "192.0.2.1:3260,7", "[2001:db8::1]:3261,1"}}
	if diff := cmp.Diff(want, targets.IscsiLs(t, g.URL())); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

func TestTgt(t *testing.T) {
	g := targets.StartTgt(t, targets.TgtConfig{Addrs: addrs(), Targets: targets.Names("tgt", 3), LUN: true})
	for _, p := range g.Portals {
		got := targets.IscsiLs(t, targets.CHAP{}.URL(p))
		if diff := cmp.Diff(list(g.Targets, p), got); diff != "" {
			t.Errorf("%s: want (-) and got (+):\n%s", p, diff)
		}
	}
	checkStopped(t, &g.Target)
}
