package ipsec_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// What is missing is told in one order, and only where the plan needs it.
func TestCheck(t *testing.T) {
	t.Parallel()
	plan := func(s ipsec.Settings) ipsec.Plan {
		p, err := s.Resolve()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	outer := netip.MustParseAddr("2001:db8::1")
	tunnel := plan(ipsec.Settings{Flags: 0x5b})
	for _, tt := range []struct {
		name  string
		plan  ipsec.Plan
		means ipsec.Means
		want  string // type
	}{
		{"no IPsec", plan(ipsec.Settings{}), ipsec.Means{}, "<nil>"},
		{"in place", plan(ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingProtection, Flags: 0x5b}}), ipsec.Means{}, "<nil>"},
		{"a rule is not in place", plan(ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingRule, Flags: 0x5b}}), ipsec.Means{}, "*ipsec.NoEnforcerError"},
		{"nothing", tunnel, ipsec.Means{Can: 0x7e, Key: true, Outer: outer}, "*ipsec.NoEnforcerError"},
		{"no tunnel", tunnel, ipsec.Means{Enforcer: "e", Can: 0x3e, Key: true, Outer: outer}, "*ipsec.UnsupportedError"},
		{"no aggressive", tunnel, ipsec.Means{Enforcer: "e", Can: 0x76}, "*ipsec.UnsupportedError"},
		{"no PFS", tunnel, ipsec.Means{Enforcer: "e", Can: 0x6e}, "*ipsec.UnsupportedError"},
		{"no key", tunnel, ipsec.Means{Enforcer: "e", Can: 0x58}, "*ipsec.NoKeyError"},
		{"no outer address", tunnel, ipsec.Means{Enforcer: "e", Can: 0x58, Key: true}, "*ipsec.NoOuterAddressError"},
		{"all", tunnel, ipsec.Means{Enforcer: "e", Can: 0x58, Key: true, Outer: outer}, "<nil>"},
		{"no transport", plan(ipsec.Settings{Flags: 0x03}), ipsec.Means{Enforcer: "e", Can: 0x5c, Key: true}, "*ipsec.UnsupportedError"},
		{"no main", plan(ipsec.Settings{Flags: 0x03}), ipsec.Means{Enforcer: "e", Can: 0x78, Key: true}, "*ipsec.UnsupportedError"},
		{"transport needs no outer address", plan(ipsec.Settings{Flags: 0x03}), ipsec.Means{Enforcer: "e", Can: 0x24, Key: true}, "<nil>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fmt.Sprintf("%T", tt.plan.Check(tt.means)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestMeansErrorTexts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&ipsec.NoEnforcerError{}, "ipsec: nothing here can do IPsec, and clear text is out of the question"},
		{&ipsec.NoEnforcerError{Err: errors.ErrUnsupported}, "ipsec: nothing here can do IPsec, and clear text is out of the question: unsupported operation"},
		{&ipsec.UnsupportedError{Enforcer: "userspace", Missing: 0x58}, "ipsec: userspace cannot do tunnel,aggressive,pfs"},
		{&ipsec.NoKeyError{}, "ipsec: no preshared key is set for the portal, and none for the group"},
		{&ipsec.NoKeyError{Identity: "192.0.2.10"}, "ipsec: no preshared key is set for 192.0.2.10, and none for the group"},
		{&ipsec.NoOuterAddressError{Destination: "192.0.2.10"}, "ipsec: tunnel mode needs an outer address for 192.0.2.10, and none is set"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	if !errors.Is(&ipsec.NoEnforcerError{Err: errors.ErrUnsupported}, errors.ErrUnsupported) {
		t.Error("a *NoEnforcerError does not unwrap")
	}
}
