package ipsec_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// The zero value is the plan of a portal that no rule and no flag is about.
func TestZeroPlan(t *testing.T) {
	t.Parallel()
	var p ipsec.Plan
	if got, want := fmt.Sprint(p, p.Origin, p.Existing, p.Protects(), p.InPlace()), "none default none false false"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPlanString(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		settings ipsec.Settings
		want     string
	}{
		{ipsec.Settings{}, "none"},
		{ipsec.Settings{Flags: 0x03}, "transport"},
		{ipsec.Settings{Flags: 0x43}, "tunnel"},
		{ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingProtection}}, "ipsec"},
		{ipsec.Settings{Existing: ipsec.Existing{Kind: ipsec.ExistingProtection, Flags: 0x40}}, "tunnel"},
	} {
		if p, err := tt.settings.Resolve(); err != nil || p.String() != tt.want {
			t.Errorf("got %s, error %v, want %s", p, err, tt.want)
		}
	}
}

func TestPlanJSON(t *testing.T) {
	t.Parallel()
	p, err := ipsec.Settings{Flags: 0x5b}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	p.Warnings = nil
	got, err := json.Marshal(p)
	want := `{"IPsec":true,"Mode":"tunnel","Exchange":"aggressive","PFS":true,"Flags":"0x5b","Origin":"flags",` +
		`"Existing":{"Kind":"none","Name":"","Flags":"0x00"},` +
		`"Why":"IPsec, tunnel, aggressive, with PFS: the portal's flags say ike,tunnel,aggressive,pfs, and are valid","Warnings":null}`
	if err != nil || string(got) != want {
		t.Errorf("error %v\ngot  %s\nwant %s", err, got, want)
	}
}

func TestUnknownNumbers(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]fmt.Stringer{
		"mode 9": ipsec.Mode(9), "exchange 9": ipsec.Exchange(9), "origin 9": ipsec.Origin(9), "source 9": ipsec.Source(9),
		"existing kind 9": ipsec.ExistingKind(9),
	} {
		if got := s.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWeakerThan(t *testing.T) {
	t.Parallel()
	plan := func(f ipsec.Flags) ipsec.Plan {
		p, err := ipsec.Settings{Flags: f}.Resolve()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	inPlace := ipsec.Plan{IPsec: true, Existing: ipsec.Existing{Kind: ipsec.ExistingProtection}}
	for _, tt := range []struct {
		name string
		p, q ipsec.Plan
		want bool
	}{
		{"nothing after nothing", plan(0), plan(0), false},
		{"more", plan(0x03), plan(0), false},
		{"the same", plan(0x37), plan(0x37), false},
		{"clear text", plan(0x01), plan(0x03), true},
		{"without PFS", plan(0x27), plan(0x37), true},
		{"aggressive", plan(0x0b), plan(0x07), true},
		{"main after aggressive", plan(0x07), plan(0x0b), false},
		{"another mode", plan(0x23), plan(0x43), false},
		{"in place", inPlace, plan(0x37), false},
		{"clear text after what is in place", plan(0), inPlace, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.p.WeakerThan(tt.q); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// The flags of a plan say all of it: they make the same plan, and leave nothing open.
func TestAsFlags(t *testing.T) {
	t.Parallel()
	for f := ipsec.FlagValid; f <= 0x7f; f += 2 {
		p, err := ipsec.Settings{Flags: f}.Resolve()
		if err != nil {
			continue // a contradiction
		}
		flags := p.AsFlags()
		again, err := ipsec.Settings{Flags: flags}.Resolve()
		if err != nil || again.IPsec != p.IPsec || again.Mode != p.Mode || again.Exchange != p.Exchange || again.PFS != p.PFS || again.AsFlags() != flags {
			t.Errorf("%s: got %s, and of that %+v, %v", f, flags, again, err)
		}
		if p.IPsec && flags&f != f {
			t.Errorf("%s: got %s, which does not have all of them", f, flags)
		}
	}
	inPlace := ipsec.Plan{IPsec: true, Mode: ipsec.TunnelMode, Existing: ipsec.Existing{Kind: ipsec.ExistingProtection}}
	if got, want := inPlace.AsFlags(), ipsec.FlagValid|ipsec.FlagIKE|ipsec.FlagTunnel; got != want {
		t.Errorf("in place: got %s, want %s", got, want)
	}
}
