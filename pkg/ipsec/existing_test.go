package ipsec_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

func TestCombine(t *testing.T) {
	t.Parallel()
	var (
		none       = ipsec.Existing{}
		unknown    = ipsec.Existing{Kind: ipsec.ExistingUnknown}
		partial    = ipsec.Existing{Kind: ipsec.ExistingPartial, Name: "kernel policy 3"}
		rule       = ipsec.Existing{Kind: ipsec.ExistingRule, Name: "policy 192.0.2.0/24", Flags: 0x27}
		protection = ipsec.Existing{Kind: ipsec.ExistingProtection, Name: "kernel policy 7"}
	)
	for _, tt := range []struct {
		name string
		all  []ipsec.Existing
		want ipsec.Existing
	}{
		{"nobody looked", nil, none},
		{"nothing", []ipsec.Existing{none, none}, none},
		{"one could not look", []ipsec.Existing{none, unknown, none}, unknown},
		{"unknown may hide more than gaps", []ipsec.Existing{partial, unknown}, unknown},
		{"and in the other order", []ipsec.Existing{unknown, partial}, unknown},
		{"gaps", []ipsec.Existing{none, partial, none}, partial},
		{"found, whatever the rest", []ipsec.Existing{unknown, partial, none, rule}, rule},
		{"the first that is found", []ipsec.Existing{rule, protection}, rule},
		{"and in the other order", []ipsec.Existing{protection, rule}, protection},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := ipsec.Combine(tt.all...); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestExistingString(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]ipsec.Existing{
		"none":            {},
		"unknown":         {Kind: ipsec.ExistingUnknown, Name: "not printed"},
		"partial":         {Kind: ipsec.ExistingPartial},
		"kernel policy 7": {Kind: ipsec.ExistingProtection, Name: "kernel policy 7"},

		"kernel policy 3 (partial)": {Kind: ipsec.ExistingPartial, Name: "kernel policy 3"},
		"rule":                      {Kind: ipsec.ExistingRule},
		"protection":                {Kind: ipsec.ExistingProtection},
	} {
		if got := e.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
