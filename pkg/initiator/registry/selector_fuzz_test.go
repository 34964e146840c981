package registry

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/internal/host"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// FuzzSelector (issue 13, 1): whatever SetPolicy accepts, a destination inside it
// meets it, in each form in which the destination may be written.
func FuzzSelector(f *testing.F) {
	for _, s := range []string{
		"192.0.2.10:3260", "192.0.2.10", "192.0.2.0/24", "192.0.2.1/24", "[2001:db8::10]:3260", "2001:db8::/32", "[2001:db8::10]", "tag=7",
		"[fe80::10%eth0]:3260", "fe80::10%eth0", "[fe80::10%eth0]", "fe80::/10", "[fe80::10]:3260", "::ffff:192.0.2.0/120", "::ffff:192.0.2.10",
		"[::ffff:192.0.2.10]:3260", "::ffff:0:0/90", "::/0", "0.0.0.0/0", "0.0.0.0:3260", "[2001:db8::1%eth0]:3260", "169.254.0.1%eth0", "[fe80::10%7]:1",
	} {
		f.Add(s)
	}
	s := new(Service)
	f.Fuzz(func(t *testing.T, text string) {
		sel, canonical, err := parseSelector(text)
		if err != nil || checkSelector(sel, text) != nil || sel.tag != target.NoGroup {
			return
		}
		again, same, err := parseSelector(canonical)
		if err != nil || again != sel || same != canonical {
			t.Errorf("%q is written as %q, and read again as %+v, %q: %v", text, canonical, again, same, err)
		}
		for _, dst := range insideOf(text) {
			if s.fits(sel, dst) < 0 {
				t.Errorf("%q (%q) is not met by %s", text, canonical, dst)
			}
		}
	})
}

// insideOf returns destinations inside a selector, as it was written, in the forms
// in which a connection may have them.
func insideOf(written string) (all []netip.AddrPort) {
	port := uint16(pdu.DefaultPort)
	var addrs []netip.Addr
	if portal, err := netip.ParseAddrPort(written); err == nil && portal.Port() != 0 {
		addrs, port = append(addrs, portal.Addr()), portal.Port()
	} else if block, err := netip.ParsePrefix(written); err == nil {
		addrs = append(addrs, block.Addr(), block.Masked().Addr())
	} else if addr, err := netip.ParseAddr(host.Unbracketed(written)); err == nil {
		addrs = append(addrs, addr)
	}
	for _, addr := range addrs {
		forms := []netip.Addr{addr, addr.Unmap()}
		if addr.Is4() {
			forms = append(forms, netip.AddrFrom16(addr.As16()))
		}
		if addr.Is6() && addr.Zone() == "" && addr.IsLinkLocalUnicast() {
			forms = append(forms, addr.WithZone("eth0"), addr.WithZone("eth1"))
		}
		for _, form := range forms {
			all = append(all, netip.AddrPortFrom(form, port))
		}
	}
	return all
}

// TestSelectorForms (issue 13, 1): forms of one selector are one selector, a zone
// means one link, and what no portal can meet is refused.
func TestSelectorForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, canonical string
		meets, misses   []string
	}{
		{text: "192.0.2.1/24", canonical: "192.0.2.0/24", meets: []string{"192.0.2.200:3260", "[::ffff:192.0.2.200]:3260"}, misses: []string{"192.0.3.1:3260"}},
		{text: "::ffff:192.0.2.0/120", canonical: "192.0.2.0/24", meets: []string{"192.0.2.200:3260"}},
		{text: "::ffff:192.0.2.10", canonical: "192.0.2.10/32", meets: []string{"192.0.2.10:860"}},
		{text: "[::ffff:192.0.2.10]:3260", canonical: "192.0.2.10:3260", meets: []string{"192.0.2.10:3260"}, misses: []string{"192.0.2.10:860"}},
		{text: "[fe80::10%eth0]:3260", canonical: "[fe80::10%eth0]:3260", meets: []string{"[fe80::10%eth0]:3260"}, misses: []string{"[fe80::10%eth1]:3260", "[fe80::10%eth0]:860"}},
		{text: "[fe80::10]:3260", canonical: "[fe80::10]:3260", meets: []string{"[fe80::10%eth0]:3260", "[fe80::10%eth1]:3260"}},
		{text: "fe80::10%eth0", canonical: "fe80::10%eth0", meets: []string{"[fe80::10%eth0]:860"}, misses: []string{"[fe80::10%eth1]:860"}},
		{text: "fe80::/10", canonical: "fe80::/10", meets: []string{"[fe80::10%eth0]:3260"}},
		{text: "::ffff:0:0/90"},
		{text: "[2001:db8::1%eth0]:3260"},
		{text: "2001:db8::1%eth0"},
		{text: "0.0.0.0:3260"},
		{text: "0.0.0.0"},
		{text: "ff02::1"},
		{text: "255.255.255.255/32"},
		{text: "fe80::/10%eth0"},
		{text: "tag=x"},
		{text: "192.0.2.10:0"},
	} {
		sel, canonical, err := parseSelector(tt.text)
		if err == nil {
			err = checkSelector(sel, tt.text)
		}
		if (err != nil) != (tt.canonical == "") || err == nil && canonical != tt.canonical {
			t.Errorf("%q: got %q, %v", tt.text, canonical, err)
			continue
		}
		for want, list := range map[bool][]string{true: tt.meets, false: tt.misses} {
			for _, dst := range list {
				if fit := new(Service).fits(sel, netip.MustParseAddrPort(dst)); fit >= 0 != want {
					t.Errorf("%q and %s: got %d", tt.text, dst, fit)
				}
			}
		}
	}
}
