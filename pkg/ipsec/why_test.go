package ipsec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// What an operator reads.
func TestWhy(t *testing.T) {
	t.Parallel()
	before := func(f ipsec.Flags, by ipsec.Source) []ipsec.Previous {
		return []ipsec.Previous{{Flags: f, Source: by, Time: older}}
	}
	for _, tt := range []struct {
		name     string
		settings ipsec.Settings
		want     string
		warnings []ipsec.Warning
	}{
		{
			name: "nothing anywhere",
			want: "no IPsec: the portal has no flags, none were defined before, and no default is set",
		},
		{
			name:     "nothing, and not permitted to look",
			settings: ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingUnknown}},
			want:     "no IPsec: the portal has no flags, none were defined before, and no default is set; what exists already could not be seen",
		},
		{
			name:     "off",
			settings: ipsec.Settings{Flags: 0x01, Default: 0x27},
			want:     "no IPsec: the portal's flags say off, and are valid",
		},
		{
			name:     "flags",
			settings: ipsec.Settings{Flags: 0x37, Default: 0x47},
			want:     "IPsec, transport, main, with PFS: the portal's flags say ike,transport,main,pfs, and are valid",
		},
		{
			name:     "flags, and not permitted to look",
			settings: ipsec.Settings{Flags: 0x03, Existing: ipsec.Existing{Kind: ipsec.ExistingUnknown}},
			want:     "IPsec, transport, main, without PFS: the portal's flags say ike, and are valid; what exists already could not be seen",
		},
		{
			name:     "aggressive",
			settings: ipsec.Settings{Flags: 0x0b},
			want:     "IPsec, transport, aggressive, without PFS: the portal's flags say ike,aggressive, and are valid",
			warnings: []ipsec.Warning{{
				Code:    ipsec.WarnAggressive,
				Message: "aggressive mode lets others try preshared keys offline: use main mode, or a long random key",
			}},
		},
		{
			name:     "version 2, which has no modes",
			settings: ipsec.Settings{Flags: 0x33, IKE: ipsec.IKEv2},
			want:     "IPsec, transport, IKE version 2, with PFS: the portal's flags say ike,transport,pfs, and are valid",
		},
		{
			name:     "version 2, and protection in place",
			settings: ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingProtection, Flags: 0x27, Name: "x"}, IKE: ipsec.IKEv2},
			want:     "IPsec, transport, main: x is in place, and what exists comes before flags",
		},
		{
			name:     "modes without IKE",
			settings: ipsec.Settings{Flags: 0x35},
			want:     "no IPsec: the portal's flags say 0x35 (transport,main,pfs), and are valid",
			warnings: []ipsec.Warning{{
				Code:    ipsec.WarnWithoutIKE,
				Message: "the flags 0x35 (transport,main,pfs) set options of IPsec, but without ike there is no IPsec",
			}},
		},
		{
			name:     "before",
			settings: ipsec.Settings{Previous: before(0x27, ipsec.SourceIKEInfo), Default: 0x47},
			want:     "IPsec, transport, main, without PFS: the portal has no flags, and IKE info for the portal defined ike,transport,main before",
		},
		{
			name:     "before, with flags that do not count",
			settings: ipsec.Settings{Flags: 0x46, Previous: before(0x01, ipsec.SourceOtherPort)},
			want:     "no IPsec: the portal's flags, 0x46 (ike,tunnel,main), do not count without the flag valid (0x01), and an earlier add with another initiator port defined off before",
			warnings: []ipsec.Warning{{
				Code:    ipsec.WarnNotAsAsked,
				Message: "the portal's flags, 0x46 (ike,tunnel,main), ask for IPsec, but the connection is made without it",
			}},
		},
		{
			name:     "default",
			settings: ipsec.Settings{Previous: before(0x26, ipsec.SourceISNS), Default: 0x47},
			want:     "IPsec, tunnel, main, without PFS: the portal has no flags, none were defined before, and the default says ike,tunnel,main",
		},
		{
			name:     "default, with flags that do not count",
			settings: ipsec.Settings{Flags: 0x60, Default: 0x47},
			want:     "IPsec, tunnel, main, without PFS: the portal's flags, 0x60 (transport,tunnel), do not count without the flag valid (0x01), none were defined before, and the default says ike,tunnel,main",
		},
		{
			name:     "a rule",
			settings: ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingRule, Name: "policy 192.0.2.0/24", Flags: 0x27}},
			want:     "IPsec, transport, main, without PFS: policy 192.0.2.0/24 says ike,transport,main, and what exists comes before flags",
		},
		{
			name:     "a rule against flags",
			settings: ipsec.Settings{Flags: 0x47, Existing: ipsec.Existing{Kind: ipsec.ExistingRule, Name: "policy 192.0.2.0/24", Flags: 0x01}},
			want:     "no IPsec: policy 192.0.2.0/24 says off, and what exists comes before flags; the portal's flags, ike,tunnel,main, have no effect",
			warnings: []ipsec.Warning{{
				Code:    ipsec.WarnNotAsAsked,
				Message: "the portal's flags, ike,tunnel,main, ask for IPsec, but the connection is made without it",
			}},
		},
		{
			name:     "protection",
			settings: ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingProtection, Name: "kernel policy 7", Flags: 0x20}},
			want:     "IPsec, transport: kernel policy 7 is in place, and what exists comes before flags",
		},
		{
			name:     "protection against flags",
			settings: ipsec.Settings{Flags: 0x01, Existing: ipsec.Existing{Kind: ipsec.ExistingProtection, Name: "kernel policy 7"}},
			want:     "IPsec: kernel policy 7 is in place, and what exists comes before flags; the portal's flags, off, have no effect",
		},
		{
			name:     "gaps that the flags fill",
			settings: ipsec.Settings{Flags: 0x47, Existing: ipsec.Existing{Kind: ipsec.ExistingPartial, Name: "kernel policy 3"}},
			want:     "IPsec, tunnel, main, without PFS: the portal's flags say ike,tunnel,main, and are valid; kernel policy 3 (partial) exists, and does not protect all of the connection",
		},
		{
			name:     "gaps that stay",
			settings: ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingPartial, Name: "kernel policy 3"}},
			want:     "no IPsec: the portal has no flags, none were defined before, and no default is set; kernel policy 3 (partial) exists, and does not protect all of the connection",
			warnings: []ipsec.Warning{{Code: ipsec.WarnPartial, Message: "kernel policy 3 (partial) does not protect all of the connection"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := tt.settings.Resolve()
			if err != nil {
				t.Fatal(err)
			}
			if p.Why != tt.want {
				t.Errorf("got  %s\nwant %s", p.Why, tt.want)
			}
			if diff := cmp.Diff(tt.warnings, p.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
