package ipsec_test

import (
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
)

const (
	out = netlink.XFRM_DIR_OUT
	in  = netlink.XFRM_DIR_IN
)

// A rule is a policy of the kernel between the two ends of a world.
type rule struct {
	dir      netlink.Dir
	near     netip.Prefix // this host; zero: the source alone
	far      netip.Prefix // the target; zero: the portal alone
	port     uint16       // of the portal; 0: any
	ownPort  uint16       // of this host; 0: any
	priority int
	block    bool
	tmpl     string // empty: none
	mark     uint32
	device   bool // for packets by the cable only
}

// addPolicies makes policies that are gone at the end of the test.
func addPolicies(t *testing.T, w *world, rules ...rule) {
	t.Helper()
	for _, r := range rules {
		p := r.policy(t, w)
		if err := netlink.XfrmPolicyAdd(p); err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		t.Cleanup(func() { _ = netlink.XfrmPolicyDel(p) })
	}
}

func (r rule) policy(t *testing.T, w *world) *netlink.XfrmPolicy {
	t.Helper()
	near, far := r.near, r.far
	if !near.IsValid() {
		near = netip.PrefixFrom(w.source, w.source.BitLen())
	}
	if !far.IsValid() {
		far = netip.PrefixFrom(w.portal.Addr(), w.portal.Addr().BitLen())
	}
	p := &netlink.XfrmPolicy{
		Dir: r.dir, Src: ipNet(near), Dst: ipNet(far), SrcPort: int(r.ownPort), DstPort: int(r.port), Priority: r.priority,
	}
	a, b := w.source, w.portal.Addr()
	if r.dir == in {
		p.Src, p.Dst, p.SrcPort, p.DstPort, a, b = p.Dst, p.Src, p.DstPort, p.SrcPort, b, a
	}
	if r.port != 0 || r.ownPort != 0 {
		p.Proto = 6
	}
	if r.block {
		p.Action = netlink.XFRM_POLICY_BLOCK
	}
	if r.mark != 0 {
		p.Mark = &netlink.XfrmMark{Value: r.mark, Mask: 0xffffffff}
	}
	if r.device {
		link, err := netlink.LinkByName(w.cable)
		if err != nil {
			t.Fatal(err)
		}
		p.Ifindex = link.Attrs().Index
	}
	tmpl := netlink.XfrmPolicyTmpl{Src: a.AsSlice(), Dst: b.AsSlice(), Proto: netlink.XFRM_PROTO_ESP, Mode: netlink.XFRM_MODE_TRANSPORT}
	switch r.tmpl {
	case "":
		return p
	case "transport":
	case "tunnel":
		tmpl.Mode = netlink.XFRM_MODE_TUNNEL
	case "optional":
		tmpl.Optional = 1
	case "ah":
		tmpl.Proto = netlink.XFRM_PROTO_AH
	default:
		t.Fatalf("no such template: %q", r.tmpl)
	}
	p.Tmpls = []netlink.XfrmPolicyTmpl{tmpl}
	return p
}
