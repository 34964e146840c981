package ipsec_test

import (
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

func ExampleParseList() {
	f, err := ipsec.ParseList("tunnel,pfs")
	fmt.Println(f, f.Hex(), err)

	_, err = ipsec.ParseList("tunnel,transport")
	fmt.Println(err)
	// Output:
	// ike,tunnel,pfs 0x53 <nil>
	// flags "tunnel,transport": transport and tunnel exclude each other: choose one
}

func ExampleSettings_Resolve() {
	s := ipsec.Settings{
		Flags: ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTunnel,
		Existing: ipsec.Existing{
			Kind:  ipsec.ExistingRule,
			Name:  "policy 192.0.2.0/24",
			Flags: ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagPFS,
		},
	}
	plan, err := s.Resolve()
	fmt.Println(plan, plan.Exchange, plan.PFS, plan.Origin, err)
	fmt.Println(plan.Why)
	// Output:
	// transport main true existing <nil>
	// IPsec, transport, main, with PFS: policy 192.0.2.0/24 says ike,transport,pfs, and what exists comes before flags; the portal's flags, ike,tunnel, have no effect
}

// A portal that needs IPsec is not asked in clear text.
func ExampleSettings_Resolve_required() {
	plan, err := ipsec.Settings{RequireIPsec: true}.Resolve()
	var required *ipsec.RequireError
	fmt.Println(plan, errors.As(err, &required))
	// Output:
	// none true
}
