package enforce_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// TestCheck: what a request lacks is told by type, in an order, and with the names of
// what it is about.
func TestCheck(t *testing.T) {
	t.Parallel()
	can := ipsec.Means{Enforcer: "e", Can: 0x7e}
	inPlace := func(s *enforce.Request) {
		s.Plan.Existing = ipsec.Existing{Kind: ipsec.ExistingProtection}
		s.PSK, s.Gateway = enforce.PSK{}, netip.Addr{}
	}
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags
		means  ipsec.Means
		change func(*enforce.Request)
		want   string
	}{
		{name: "transport", flags: 0x27, means: can, want: "<nil> <nil>"},
		{name: "tunnel", flags: 0x57, means: can, want: "<nil> <nil>"},
		{name: "in place", flags: 0x27, means: ipsec.Means{Enforcer: "e"}, change: inPlace, want: "<nil> <nil>"},
		{name: "in place, no enforcer", flags: 0x27, change: inPlace, want: "*ipsec.NoEnforcerError protection is required but not available, and the portal will not be asked in clear text"},
		{name: "no IPsec", means: can, flags: 0x01, want: "*ipsec.RequestError the plan has no IPsec"},
		{name: "no gateway, no key", flags: 0x47, means: can, change: func(s *enforce.Request) { s.Gateway, s.PSK = netip.Addr{}, enforce.PSK{} }, want: "*ipsec.NoOuterAddressError tunnel mode needs an outer address for 192.0.2.10, but none is set"},
		{name: "no key", flags: 0x47, means: can, change: func(s *enforce.Request) { s.PSK = enforce.PSK{} }, want: "*ipsec.NoKeyError no preshared key is set for 203.0.113.1 or for the group"},
		{name: "no key of an identity", flags: 0x27, means: can, change: func(s *enforce.Request) { s.PSK = enforce.PSK{Remote: "array.example"} }, want: "*ipsec.NoKeyError no preshared key is set for array.example or for the group"},
		{name: "no keys are negotiated", flags: 0x27, means: ipsec.Means{Enforcer: "e"}, want: "*ipsec.UnsupportedError the plan needs keys to be negotiated, which e does not do"},
		{name: "in another form", flags: 0x27, means: can, change: func(s *enforce.Request) { s.Source = netip.MustParseAddr("::ffff:192.0.2.1") }, want: "<nil> <nil>"},
		{name: "two families", flags: 0x27, means: can, change: func(s *enforce.Request) { s.Source = netip.MustParseAddr("2001:db8::1") }, want: "*ipsec.UnsupportedError IPv4 within IPv6, or the other way round, is not supported"},
		{name: "link-local", flags: 0x27, means: can, change: func(s *enforce.Request) {
			s.Source, s.Portal = netip.MustParseAddr("fe80::1%eth0"), netip.MustParseAddrPort("[fe80::2%eth0]:3260")
		}, want: "*ipsec.UnsupportedError link-local addresses cannot be protected"},
		{name: "no source", flags: 0x27, means: can, change: func(s *enforce.Request) { s.Source = netip.Addr{} }, want: "*ipsec.RequestError two addresses are needed"},
		{name: "no source, in place", flags: 0x27, means: can, change: func(s *enforce.Request) { inPlace(s); s.Source = netip.Addr{} }, want: "*ipsec.RequestError two addresses are needed"},
		{name: "pattern", flags: 0x27, means: can, change: func(s *enforce.Request) { s.PSK.Local = "%any" }, want: `*ipsec.RequestError identity "%any": neither group nor an address of a host, a domain name or user@domain (of letters, digits and . - _, in user + as well)`},
		{name: "version 2", flags: 0x27 &^ ipsec.FlagMain, means: can, change: func(s *enforce.Request) { s.IKE = ipsec.IKEv2 }, want: "<nil> <nil>"},
		{name: "version 2 and main mode", flags: 0x27, means: can, change: func(s *enforce.Request) { s.IKE = ipsec.IKEv2 }, want: "*ipsec.FlagsError flags ike,transport,main: main and aggressive are modes of IKE version 1, and version 2 is asked for"},
		{name: "version 2 and aggressive mode of the default", flags: 0x2b, means: can, change: func(s *enforce.Request) { s.IKE, s.Plan.Origin = ipsec.IKEv2, ipsec.OriginDefault }, want: "*ipsec.FlagsError flags ike,transport,aggressive (default): main and aggressive are modes of IKE version 1, and version 2 is asked for"},
		{name: "version 2, in place", flags: 0x27, means: can, change: func(s *enforce.Request) { inPlace(s); s.IKE = ipsec.IKEv2 }, want: "<nil> <nil>"},
		{name: "version 3", flags: 0x27, means: can, change: func(s *enforce.Request) { s.IKE = 3 }, want: "*ipsec.RequestError IKE version: 3 is not supported: 1 and 2 are"},
		{name: "proposals of two groups in aggressive mode", flags: 0x2b, means: can, change: func(s *enforce.Request) { s.Proposals = "aes128-sha1-modp2048,aes128-sha1-modp1024" }, want: `*ipsec.RequestError proposals "aes128-sha1-modp2048,aes128-sha1-modp1024": in aggressive mode the proposals for IKE must have the same group, which cannot be negotiated: name those with one group, or use main mode`},
		{name: "proposals of IKEv2", flags: 0x23, means: can, change: func(s *enforce.Request) { s.Proposals, s.IKE = "aes128gcm16-prfsha256-ecp256", ipsec.IKEv2 }, want: "<nil> <nil>"},
		{name: "proposals of IKEv2 for IKEv1", flags: 0x23, means: can, change: func(s *enforce.Request) { s.Proposals = "chacha20poly1305" }, want: `*ipsec.RequestError proposals "chacha20poly1305": "chacha20poly1305": IKEv1 does not have chacha20poly1305`},
		{name: "proposals", flags: 0x27, means: can, change: func(s *enforce.Request) { s.Proposals = "esp=aes128-sha256-modp2048" }, want: `*ipsec.RequestError proposals "esp=aes128-sha256-modp2048": it has a group, but the plan has no perfect forward secrecy: add pfs to the IPsec flags, or remove the group`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := ipsec.Settings{Flags: tt.flags}.Resolve()
			if err != nil {
				t.Fatal(err)
			}
			s := enforce.Request{
				Plan: p, Source: netip.MustParseAddr("192.0.2.1"), Portal: netip.MustParseAddrPort("192.0.2.10:3260"),
				PSK: enforce.PSK{Secret: auth.NewSecret([]byte("key"))}, Gateway: netip.MustParseAddr("203.0.113.1"),
			}
			if tt.change != nil {
				tt.change(&s)
			}
			if err := s.Check(tt.means); fmt.Sprintf("%T %v", err, err) != tt.want {
				t.Errorf("got  %T %v\nwant %s", err, err, tt.want)
			}
		})
	}
}
