package golden

import (
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/netns"
)

// ours are the addresses of the host that asks, beside those of the loopback interface.
var ours = []string{"192.0.2.1/32", "2001:db8::1/128", "2001:db8::10/128"}

// portalBlock is where the portals are. The loopback interface takes all of it.
const portalBlock = "192.0.2.0/24"

const (
	chapUser, chapSecret     = "disc", "secret-secret12"
	targetUser, targetSecret = "tgtout", "outsecret-1234"
	ourSecret                = "initiator-secret"
	disk                     = "iqn.2026-11.com.example:disk"
)

// portals are the targets of the recipe: each connection to an address has the next
// handler, and the last one serves the rest.
func portals() map[string][]iscsitest.Handler {
	chap := func(n string) *iscsitest.Target {
		return &iscsitest.Target{User: chapUser, Secret: chapSecret, Records: records(disk + n)}
	}
	mutual := func(n, secret string) *iscsitest.Target {
		target := chap(n)
		target.MutualUser, target.MutualSecret = targetUser, secret
		return target
	}
	short := chap("28")
	short.Secret = "short"
	digests := mutual("26", targetSecret)
	digests.HeaderDigest, digests.DataDigest = true, true
	return map[string][]iscsitest.Handler{
		"192.0.2.10:3260": {
			withAlias("First <disk>", &iscsitest.Target{Records: []iscsitest.Record{
				{Name: disk + "1", Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::10]:3260,2", "storage.example:3260,7"}},
				{Name: "iqn.2026-11.com.example:Missing", Addresses: []string{"192.0.2.10:3260,1"}},
			}}),
			withAlias("", &iscsitest.Target{Records: []iscsitest.Record{
				{Name: disk + "1", Addresses: []string{"192.0.2.10:3260,1"}},
				{Name: disk + "2", Addresses: []string{"192.0.2.10:3260,1", "192.0.2.11:3261,2"}},
			}}),
		},
		"192.0.2.11:3261": {&iscsitest.Target{Records: []iscsitest.Record{
			{Name: disk + "11", Addresses: []string{"127.0.0.1:3260,1", "[fe80::11]:3260,1", "224.0.0.1:3260,1", "255.255.255.255:3260,1", "192.0.2.11:3261,1"}},
			{Name: "iqn.2026-11.com.example:harm\x1b[2J", Addresses: []string{"192.0.2.11:3261,1"}},
		}}},
		"192.0.2.12:3260":     {&iscsitest.Target{Records: records(disk + "12")}, &iscsitest.Target{Status: pdu.StatusAuthorizationFailed}},
		"192.0.2.13:3260":     {&iscsitest.Target{Records: records(disk + "13")}},
		"192.0.2.14:3260":     {&iscsitest.Target{Records: records(disk + "14")}},
		"[2001:db8::10]:3260": {&iscsitest.Target{Records: records(disk + "6")}},
		"192.0.2.20:3260":     {chap("20")},
		"192.0.2.21:3260":     {chap("21")},
		"192.0.2.22:3260":     {mutual("22", targetSecret)},
		"192.0.2.23:3260":     {mutual("23", ourSecret)},
		"192.0.2.24:3260":     {chap("24")},
		"192.0.2.25:3260":     {chap("25")},
		"192.0.2.26:3260":     {digests},
		"192.0.2.27:3260":     {chap("27")},
		"192.0.2.28:3260":     {short},
		"192.0.2.29:3260":     {&iscsitest.Target{Records: records(disk + "29")}},
		"192.0.2.30:3260":     {chap("30")},
		"192.0.2.31:3260":     {&iscsitest.Target{Records: records(longName, disk+"31")}, &iscsitest.Target{Records: records(disk + "31")}},
		"192.0.2.32:3260":     {&iscsitest.Target{Records: records(disk + "32")}},
	}
}

// longName is a name of which a key is too long together with longPart.
var longName = "iqn.2026-11.com.example:" + longPart

func records(names ...string) (all []iscsitest.Record) {
	for _, n := range names {
		all = append(all, iscsitest.Record{Name: n, Addresses: []string{"192.0.2.10:3260,1"}})
	}
	return all
}

// withAlias ends the target's answer with an alias of the last target.
func withAlias(alias string, target *iscsitest.Target) *iscsitest.Target {
	if alias != "" {
		target.Respond = func(_, response pdu.PDU) iscsitest.Step {
			if m, ok := response.(*pdu.TextResponse); ok && m.Final {
				m.Data = m.Data.Append(pdu.KeyTargetAlias, alias)
			}
			return nil
		}
	}
	return target
}

// serve gives the host its addresses, and starts the portals.
func serve(t *testing.T) {
	t.Helper()
	netns.Own(t)
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range ours {
		addr, err := netlink.ParseAddr(text)
		if err == nil {
			addr.Flags = unix.IFA_F_NODAD
			err = netlink.AddrAdd(lo, addr)
		}
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	_, block, _ := net.ParseCIDR(portalBlock)
	route := &netlink.Route{LinkIndex: lo.Attrs().Index, Dst: block, Src: net.ParseIP("192.0.2.1"), Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST}
	if err := netlink.RouteReplace(route); err != nil {
		t.Fatalf("%s: %v", portalBlock, err)
	}
	for at, handlers := range portals() {
		ln, err := net.Listen("tcp", netip.MustParseAddrPort(at).String())
		if err != nil {
			t.Fatal(err)
		}
		iscsitest.ListenWith(t, ln, handlers...)
	}
}
