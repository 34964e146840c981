package enforcetest

import (
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// testMeans: an enforcer has a name, and says that it can do what it does.
func testMeans(w *world) {
	m := w.Enforcer.Means()
	if m.Enforcer == "" || m.Key || m.Outer.IsValid() {
		w.t.Errorf("got %+v, want a name, no key and no gateway", m)
	}
	if again := w.Enforcer.Means(); again != m {
		w.t.Errorf("got %+v, and then %+v", m, again)
	}
	for _, p := range w.plans() {
		s := w.request(p)
		if err := s.Check(m); err != nil {
			w.t.Errorf("%s: %v, and the world is ready for it", p.AsFlags(), err)
		}
	}
	w.wantClean()
}

// testBeyond: a plan that the means do not reach is refused, and before a packet is
// sent; by Announce likewise.
func testBeyond(w *world) {
	for _, exchange := range []ipsec.Flags{ipsec.FlagMain, ipsec.FlagAggressive} {
		for _, mode := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel} {
			for _, pfs := range []ipsec.Flags{0, ipsec.FlagPFS} {
				s := w.request(w.plan(exchange | mode | pfs))
				s.PSK.Secret, s.Gateway = auth.NewSecret([]byte(wrongKey)), w.Portal.Addr() // both are there
				if err := s.Check(w.Enforcer.Means()); err != nil {
					w.wantRefused(s.Plan.AsFlags().String(), s, fmt.Sprintf("%T", err))
				}
			}
		}
	}
}

// testBadRequests: requests that lack something, or that IPsec cannot protect. What
// they lack is told by type, and before a packet is sent.
func testBadRequests(w *world) {
	local := netip.MustParseAddr("fe80::1%lo")
	other := netip.MustParseAddr("2001:db8::1")
	if w.Source.Unmap().Is6() {
		other = netip.MustParseAddr("192.0.2.1")
	}
	for _, tt := range []struct {
		name       string
		negotiated bool // of plans that are to be set up alone
		change     func(s *enforce.Request)
	}{
		{name: "no IPsec", change: func(s *enforce.Request) { s.Plan = ipsec.Plan{} }},
		{name: "no source", change: func(s *enforce.Request) { s.Source = netip.Addr{} }},
		{name: "no portal", change: func(s *enforce.Request) { s.Portal = netip.AddrPort{} }},
		{name: "no key", negotiated: true, change: func(s *enforce.Request) { s.PSK.Secret = auth.Secret{} }},
		{name: "no gateway", negotiated: true, change: func(s *enforce.Request) {
			s.Plan, s.Gateway = w.plan(ipsec.FlagTunnel|ipsec.FlagMain), netip.Addr{}
		}},
		{name: "two families", negotiated: true, change: func(s *enforce.Request) { s.Source = other }},
		{name: "a gateway of another family", negotiated: true, change: func(s *enforce.Request) {
			s.Plan, s.Gateway = w.plan(ipsec.FlagTunnel|ipsec.FlagMain), other
		}},
		{name: "link-local", negotiated: true, change: func(s *enforce.Request) {
			s.Source, s.Portal, s.Gateway = local, netip.AddrPortFrom(local, s.Portal.Port()), local
		}},
		{name: "an identity that is a pattern", negotiated: true, change: func(s *enforce.Request) { s.PSK.Remote = "%any" }},
		{name: "proposals that are none", negotiated: true, change: func(s *enforce.Request) { s.Proposals = "des-md5" }},
	} {
		for _, p := range w.plans() {
			if p.InPlace() && tt.negotiated {
				continue
			}
			s := w.request(p)
			tt.change(&s)
			err := s.Check(w.Enforcer.Means())
			if err == nil {
				w.t.Fatalf("%s: Check lets it pass", tt.name)
			}
			w.wantRefused(tt.name, s, fmt.Sprintf("%T", err))
		}
	}
}

// wantRefused fails the test where a request is not refused by an error of a type,
// or something is sent or set up for it.
func (w *world) wantRefused(name string, s enforce.Request, want string) {
	w.t.Helper()
	since := w.Left()
	d, err := w.Enforcer.Dialer(w.t.Context(), s)
	if err == nil {
		w.t.Errorf("%s: it is prepared", name)
		_ = d.Close()
	}
	w.wantType(err, want)
	if a, ok := w.Enforcer.(enforce.Announcer); ok {
		who, err := a.Announce(w.t.Context(), s)
		if err == nil || who != "" {
			w.t.Errorf("%s: announced by %q, %v; want no name", name, who, err)
		}
		w.wantType(err, want)
	}
	w.wantSilence(since)
}

// testNotInPlace: protection that is said to be in place and is not is no way to
// connect. An enforcer that does not use the system's protection refuses it as beyond it.
func testNotInPlace(w *world) {
	if w.InPlace {
		w.t.Skip("it is in place")
	}
	since := w.Left()
	p := w.plan(ipsec.FlagTransport)
	p.Existing = ipsec.Existing{Kind: ipsec.ExistingProtection, Name: "what is gone"}
	w.wantType(w.refused(w.t.Context(), w.request(p)), failed, "*ipsec.UnsupportedError")
	w.wantSilence(since)
}
