package view

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/cmd/discover/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// What an address is rewritten to is not unusable, whatever it was.
func TestRewriteUnusable(t *testing.T) {
	t.Parallel()
	v := &Addresses{View: new(flags.View)}
	if err := v.FlagSet().Parse([]string{"--rewrite", "fe80::5=2001:db8::5"}); err != nil {
		t.Fatal(err)
	}
	got := v.places(nil, []initiator.TargetAddress{
		{Host: "fe80::5", Port: 3260, Group: 1, Unusable: initiator.LinkLocalWithoutZone},
		{Host: "fe80::6", Port: 3260, Group: 1, Unusable: initiator.LinkLocalWithoutZone},
	}, netip.AddrPort{})
	want := []initiator.TargetAddress{
		{Host: "2001:db8::5", Port: 3260, Group: 1},
		{Host: "fe80::6", Port: 3260, Group: 1, Unusable: initiator.LinkLocalWithoutZone},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
