//go:build linux

package iscsiadm

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
)

// Where the lab is. The host is this test program; 192.0.2.12 is an address of
// the array at which nothing listens, and 192.0.2.99 is nobody's.
const (
	hostEth0   = "192.0.2.2/24"
	hostEth1   = "198.51.100.2/24"
	hostIPv6   = "2001:db8::2/64"
	open       = "192.0.2.10" // all may discover here, and at openEth1 and openIPv6
	openEth1   = "198.51.100.10"
	openIPv6   = "2001:db8::10"
	secure     = "192.0.2.11" // this portal wants CHAP
	closed     = "192.0.2.12"
	isnsServer = "192.0.2.13"
	initiator  = "iqn.1993-08.org.debian:01:lab0001"
)

// The targets: vault shows itself to the address of eth1 only.
const (
	disk1       = "iqn.2026-11.com.example:disk1"
	disk2       = "iqn.2026-11.com.example:disk2"
	vault       = "iqn.2026-11.com.example:vault"
	secureName  = "iqn.2026-11.com.example:secure"
	hostUser    = "host1"
	hostSecret  = "secret-of-host1"
	arrayUser   = "array"
	arraySecret = "secret-of-array"
)

// startLab gives the host two cables to an array, starts tgt and an iSNS server in it, and
// an answer to what iscsiadm asks iscsid. It is gone at the end of the test.
func startLab(t *testing.T) {
	t.Helper()
	host := netns.Own(t)
	need.IPv6(t)
	array := netns.New(t)
	for _, cable := range []string{"eth0", "eth1"} {
		netns.Connect(t, host, cable, array, cable)
	}
	add := func(n *netns.Namespace, cable string, prefixes ...string) {
		for _, p := range prefixes {
			n.AddAddress(t, cable, netip.MustParsePrefix(p))
		}
	}
	add(host, "eth0", hostEth0, hostIPv6)
	add(host, "eth1", hostEth1)
	add(array, "eth0", open+"/24", secure+"/24", closed+"/24", isnsServer+"/24", openIPv6+"/64")
	add(array, "eth1", openEth1+"/24")
	targets.StartTgt(t, targets.TgtConfig{
		Namespace: array, Addrs: addrs(open, openEth1, openIPv6), Port: 3260,
		Targets:    []string{disk1, disk2, vault},
		Initiators: map[string][]string{vault: {netip.MustParsePrefix(hostEth1).Addr().String()}},
	})
	targets.StartTgt(t, targets.TgtConfig{
		Namespace: array, Addrs: addrs(secure), Port: 3260,
		Targets:   []string{secureName},
		Discovery: targets.CHAP{User: hostUser, Secret: hostSecret, TargetUser: arrayUser, TargetSecret: arraySecret},
	})
	startISNS(t, array)
	startIscsid(t)
}

func addrs(texts ...string) []netip.Addr {
	var out []netip.Addr
	for _, text := range texts {
		out = append(out, netip.MustParseAddr(text))
	}
	return out
}

// startISNS starts an iSNS server in the array: it tells the host of two targets, and
// other initiators of none.
func startISNS(t *testing.T, array *netns.Namespace) {
	t.Helper()
	at := func(portal string) []isnstest.Access {
		return []isnstest.Access{{Portal: netip.MustParseAddrPort(portal), Group: 1}}
	}
	cfg := isnstest.Config{Database: isnstest.Database{
		Nodes: []isnstest.Node{
			{Name: initiator, Type: isns.Initiator},
			{Name: disk1, Access: at(open + ":3260")},
			{Name: disk2, Entity: "other", Access: at(secure + ":3260")},
			{Name: vault, Entity: "none"},
		},
		Domains: []isnstest.Domain{{ID: 1, Members: []string{initiator, disk1, disk2, vault}}},
	}}
	if err := array.Do(func() error { isnstest.ListenOn(t, isnsServer+":3205", cfg); return nil }); err != nil {
		t.Fatal(err)
	}
}
