package ipsec_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// The worked cases of the reference paper (section 16), by their numbers.
func TestWorkedCases(t *testing.T) {
	t.Parallel()
	const clear = "clear"
	anything := []ipsec.Flags{0, 0x01, 0x26, 0x27, 0x57}
	for _, tt := range []struct {
		name    string
		policy  ipsec.Flags // 0: none
		flags   ipsec.Flags
		prev    ipsec.Flags // 0: none
		def     ipsec.Flags
		any     bool        // whatever prev and def are
		decided ipsec.Flags // that decided
		origin  ipsec.Origin
		want    string // empty: a *FlagsError
	}{
		{name: "1", policy: 0x27, flags: 0x47, decided: 0x27, origin: ipsec.OriginExisting, want: "IPsec transport main"},
		{name: "2", flags: 0x47, prev: 0x27, def: 0x37, decided: 0x47, origin: ipsec.OriginFlags, want: "IPsec tunnel main"},
		{name: "3", flags: 0x46, prev: 0x27, def: 0x37, decided: 0x27, origin: ipsec.OriginPrevious, want: "IPsec transport main"},
		{name: "4", flags: 0x46, def: 0x37, decided: 0x37, origin: ipsec.OriginDefault, want: "IPsec transport main PFS"},
		{name: "5", flags: 0, decided: 0, origin: ipsec.OriginDefault, want: clear},
		{name: "6", flags: 0x01, prev: 0x27, def: 0x37, decided: 0x01, origin: ipsec.OriginFlags, want: clear},
		{name: "7", flags: 0x61, any: true},
		{name: "8", flags: 0x60, decided: 0, origin: ipsec.OriginDefault, want: clear},
		{name: "9", flags: 0x0f, any: true},
		{name: "10", flags: 0x0b, any: true, decided: 0x0b, origin: ipsec.OriginFlags, want: "IPsec transport aggressive"},
		{name: "11", flags: 0x21, any: true, decided: 0x21, origin: ipsec.OriginFlags, want: clear},
		{name: "12", flags: 0x03, any: true, decided: 0x03, origin: ipsec.OriginFlags, want: "IPsec transport main"},
		{name: "13", flags: 0, prev: 0x26, def: 0x27, decided: 0x27, origin: ipsec.OriginDefault, want: "IPsec transport main"},
		{name: "14", flags: 0x37, any: true, decided: 0x37, origin: ipsec.OriginFlags, want: "IPsec transport main PFS"},
		{name: "15", flags: 0x47, any: true, decided: 0x47, origin: ipsec.OriginFlags, want: "IPsec tunnel main"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			prevs, defs := []ipsec.Flags{tt.prev}, []ipsec.Flags{tt.def}
			if tt.any {
				prevs, defs = anything, anything
			}
			existing := []ipsec.Existing{{}}
			if tt.policy != 0 {
				existing = []ipsec.Existing{
					{Kind: ipsec.ExistingRule, Name: "a policy", Flags: tt.policy},
					{Kind: ipsec.ExistingProtection, Name: "a connection", Flags: tt.policy},
				}
			}
			for _, e := range existing {
				for _, prev := range prevs {
					for _, def := range defs {
						s := ipsec.Settings{Existing: e, Flags: tt.flags, Default: def}
						if prev != 0 {
							s.Previous = []ipsec.Previous{{Flags: prev, Source: ipsec.SourceSamePort, Time: older}}
						}
						p, err := s.Resolve()
						if tt.want == "" {
							if fe := (*ipsec.FlagsError)(nil); !errors.As(err, &fe) {
								t.Errorf("%+v: got %v, want a *FlagsError", s, err)
							}
							continue
						}
						want := outcome{result: tt.want, flags: tt.decided, origin: tt.origin.String()}
						if got := observed(p, err); got != want {
							t.Errorf("%+v:\ngot  %+v\nwant %+v", s, got, want)
						}
					}
				}
			}
		})
	}
}

// Cases 10 and 15 end when connecting, by what is at hand.
func TestWorkedCasesWhenConnecting(t *testing.T) {
	t.Parallel()
	outer := netip.MustParseAddr("192.0.2.1")
	all := ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagAggressive | ipsec.FlagPFS | ipsec.FlagTransport | ipsec.FlagTunnel
	for _, tt := range []struct {
		name  string
		flags ipsec.Flags
		means ipsec.Means
		want  string // empty: nil
	}{
		{
			name: "10, nobody can", flags: 0x0b,
			means: ipsec.Means{Enforcer: "windows", Can: all &^ ipsec.FlagAggressive, Key: true},
			want:  "windows cannot do aggressive",
		},
		{name: "10, somebody can", flags: 0x0b, means: ipsec.Means{Enforcer: "strongswan", Can: all, Key: true}},
		{
			name: "15", flags: 0x47,
			means: ipsec.Means{Enforcer: "strongswan", Can: all, Key: true},
			want:  "tunnel mode needs an outer address for the portal, but none is set",
		},
		{name: "15, with one", flags: 0x47, means: ipsec.Means{Enforcer: "strongswan", Can: all, Key: true, Outer: outer}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := ipsec.Settings{Flags: tt.flags}.Resolve()
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Check(tt.means); (err != nil) != (tt.want != "") || err != nil && err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
