package view

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// What an address is rewritten to is not unusable, whatever it was.
func TestRewriteUnusable(t *testing.T) {
	t.Parallel()
	v := &Addresses{View: new(flags.View)}
	if err := v.FlagSet().Parse([]string{"--rewrite", "fe80::5=2001:db8::5"}); err != nil {
		t.Fatal(err)
	}
	got := v.places(nil, []target.Address{
		{Host: "fe80::5", Port: 3260, Group: 1, Unusable: target.LinkLocalWithoutZone},
		{Host: "fe80::6", Port: 3260, Group: 1, Unusable: target.LinkLocalWithoutZone},
	}, netip.AddrPort{})
	want := []target.Address{
		{Host: "2001:db8::5", Port: 3260, Group: 1},
		{Host: "fe80::6", Port: 3260, Group: 1, Unusable: target.LinkLocalWithoutZone},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
