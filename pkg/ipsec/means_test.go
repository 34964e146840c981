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
		{"in place", plan(ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingProtection, Flags: 0x5b}}), ipsec.Means{Enforcer: "e"}, "<nil>"},
		{"in place, no enforcer", plan(ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingProtection, Flags: 0x5b}}), ipsec.Means{}, "*ipsec.NoEnforcerError"},
		{"a rule is not in place", plan(ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingRule, Flags: 0x5b}}), ipsec.Means{}, "*ipsec.NoEnforcerError"},
		{"nothing", tunnel, ipsec.Means{Can: 0x7e, Key: true, Outer: outer}, "*ipsec.NoEnforcerError"},
		{"no tunnel", tunnel, ipsec.Means{Enforcer: "e", Can: 0x3e, Key: true, Outer: outer}, "*ipsec.UnsupportedError"},
		{"no aggressive", tunnel, ipsec.Means{Enforcer: "e", Can: 0x76, Key: true, Outer: outer}, "*ipsec.UnsupportedError"},
		{"no PFS", tunnel, ipsec.Means{Enforcer: "e", Can: 0x6e, Key: true, Outer: outer}, "*ipsec.UnsupportedError"},
		{"no IKE", tunnel, ipsec.Means{Enforcer: "e", Can: 0x7c, Key: true, Outer: outer}, "*ipsec.UnsupportedError"},
		{"no key", tunnel, ipsec.Means{Enforcer: "e", Outer: outer}, "*ipsec.NoKeyError"},
		{"no outer address", tunnel, ipsec.Means{Enforcer: "e"}, "*ipsec.NoOuterAddressError"},
		{"all", tunnel, ipsec.Means{Enforcer: "e", Can: 0x5a, Key: true, Outer: outer}, "<nil>"},
		{"no transport", plan(ipsec.Settings{Flags: 0x03}), ipsec.Means{Enforcer: "e", Can: 0x5e, Key: true}, "*ipsec.UnsupportedError"},
		{"no main", plan(ipsec.Settings{Flags: 0x03}), ipsec.Means{Enforcer: "e", Can: 0x7a, Key: true}, "*ipsec.UnsupportedError"},
		{"transport needs no outer address", plan(ipsec.Settings{Flags: 0x03}), ipsec.Means{Enforcer: "e", Can: 0x26, Key: true}, "<nil>"},
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
		{&ipsec.NoEnforcerError{}, "protection is required but not available, and the portal will not be asked in clear text"},
		{&ipsec.NoEnforcerError{Err: errors.ErrUnsupported}, "protection is required but not available, and the portal will not be asked in clear text: unsupported operation"},
		{&ipsec.UnsupportedError{Enforcer: "userspace", Missing: 0x58}, "userspace cannot do tunnel,aggressive,pfs"},
		{&ipsec.UnsupportedError{Enforcer: "xfrm", Missing: 0x26}, "the plan needs keys to be negotiated, which xfrm does not do"},
		{&ipsec.UnsupportedError{Enforcer: "xfrm", Reason: "not so"}, "not so"},
		{&ipsec.RequestError{Reason: "the plan has none"}, "the plan has none"},
		{&ipsec.RequestError{What: `identity "x y"`, Reason: "no identity"}, `identity "x y": no identity`},
		{&ipsec.ConfigureError{Reason: "no answer"}, "no answer"},
		{&ipsec.NoKeyError{}, "no preshared key is set for the portal or for the group"},
		{&ipsec.NoKeyError{Identity: "192.0.2.10"}, "no preshared key is set for 192.0.2.10 or for the group"},
		{&ipsec.NoOuterAddressError{Destination: "192.0.2.10"}, "tunnel mode needs an outer address for 192.0.2.10, but none is set"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	for _, err := range []error{
		&ipsec.NoEnforcerError{Err: errors.ErrUnsupported}, &ipsec.UnsupportedError{Err: errors.ErrUnsupported},
		&ipsec.RequestError{Err: errors.ErrUnsupported}, &ipsec.ConfigureError{Err: errors.ErrUnsupported},
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("a %T does not unwrap", err)
		}
	}
}
