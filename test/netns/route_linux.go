package netns

import (
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// AddAddress adds an address, with the length of its subnet's prefix, to an
// interface, and returns when it can be used. Nobody looks for duplicates.
func (n *Namespace) AddAddress(t testing.TB, name string, p netip.Prefix) {
	t.Helper()
	link := n.link(t, name)
	if err := n.netlink.AddrAdd(link, address(p)); err != nil {
		t.Fatalf("netns: add %s to %s: %v", p, name, err)
	}
	if p.Addr().Is6() && link.Attrs().Flags&net.FlagUp != 0 {
		await(t, name+": "+p.String(), func() bool { return n.settled(t, link, p) })
	}
}

// settled tells whether an IPv6 address is no longer tentative. That is soon,
// but not at once, when the interface has begun to listen to those who ask for
// the address; who asks before waits for a second. The flag that leaves out the
// search for duplicates also hides this, so AddAddress does not use it.
func (n *Namespace) settled(t testing.TB, link netlink.Link, p netip.Prefix) bool {
	t.Helper()
	list, err := n.netlink.AddrList(link, unix.AF_INET6)
	if err != nil {
		t.Fatalf("netns: %s: %v", link.Attrs().Name, err)
	}
	for _, a := range list {
		if a.IP.Equal(p.Addr().AsSlice()) {
			return a.Flags&unix.IFA_F_TENTATIVE == 0
		}
	}
	return false
}

// RemoveAddress takes an address away.
func (n *Namespace) RemoveAddress(t testing.TB, name string, p netip.Prefix) {
	t.Helper()
	if err := n.netlink.AddrDel(n.link(t, name), address(p)); err != nil {
		t.Fatalf("netns: remove %s from %s: %v", p, name, err)
	}
}

// AddRoute adds a route.
func (n *Namespace) AddRoute(t testing.TB, r Route) {
	t.Helper()
	route := &netlink.Route{
		Dst:      ipNet(r.To),
		Gw:       r.Via.AsSlice(),
		Src:      r.Source.AsSlice(),
		Table:    r.Table,
		Priority: r.Metric,
	}
	if route.Dst == nil {
		route.Dst = ipNet(everywhere(r.Via, r.Source))
	}
	if r.Interface != "" {
		route.LinkIndex = n.link(t, r.Interface).Attrs().Index
	}
	if !r.Via.IsValid() {
		route.Scope = netlink.SCOPE_LINK
	}
	if err := n.netlink.RouteAdd(route); err != nil {
		t.Fatalf("netns: add route %+v: %v", r, err)
	}
}

// AddRule adds a rule.
func (n *Namespace) AddRule(t testing.TB, r Rule) {
	t.Helper()
	rule := netlink.NewRule()
	rule.Src, rule.Dst, rule.Table = ipNet(r.From), ipNet(r.To), r.Table
	rule.Family = unix.AF_INET
	if r.From.Addr().Is6() || r.To.Addr().Is6() {
		rule.Family = unix.AF_INET6
	}
	if r.Priority != 0 {
		rule.Priority = r.Priority
	}
	if err := n.netlink.RuleAdd(rule); err != nil {
		t.Fatalf("netns: add rule %+v: %v", r, err)
	}
}

// address puts an address into netlink's terms.
func address(p netip.Prefix) *netlink.Addr {
	return &netlink.Addr{IPNet: &net.IPNet{
		IP:   p.Addr().AsSlice(),
		Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
	}}
}

// ipNet puts a prefix into netlink's terms, in which there is none for zero.
func ipNet(p netip.Prefix) *net.IPNet {
	if !p.IsValid() {
		return nil
	}
	p = p.Masked()
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// everywhere is the prefix of all addresses of the family of the first address
// that is one.
func everywhere(addrs ...netip.Addr) netip.Prefix {
	for _, a := range addrs {
		if a.Is6() {
			return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
		}
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}
