package render

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// FlagsText is both ways to write flags, for people.
func FlagsText(f ipsec.Flags) string {
	if list := jsonitem.FlagsList(f); list != "" {
		return list + " (" + f.Hex() + ")"
	}
	return f.Hex()
}

// ExplanationText shows people what holds. whyNot is which enforcer would come before the
// one that would be used, and why it does not; empty: none would.
func ExplanationText(e *initiator.Explanation, whyNot string, listed bool) string {
	var b strings.Builder
	b.WriteString(terminal.Visible(e.Portal.Portal.String()))
	if e.Address.IsValid() && e.Address.String() != e.Portal.Portal.String() {
		fmt.Fprintf(&b, " (%s)", e.Address)
	}
	if e.Port.Address.IsValid() {
		fmt.Fprintf(&b, " from %s", e.Port.Address)
	}
	if listed {
		b.WriteString(", as it is in the registry")
	}
	b.WriteByte('\n')
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-10s%s\n", name, terminal.Visible(value))
		}
	}
	if e.Plan.Why == "" {
		return b.String() // it did not come to a plan
	}
	row("plan", planText(&e.Plan, e.Portal.IPsec.IKE))
	row("origin", e.Plan.Origin.String())
	row("why", e.Plan.Why)
	row("exists", ExistsText(e.Plan.Existing))
	for _, line := range e.Ignored {
		row("ignored", line)
	}
	if !e.Plan.IPsec {
		return b.String()
	}
	row("enforcer", e.Enforcer)
	row("not", whyNot)
	row("peer", e.Portal.IPsec.PeerID)
	row("offers", e.Portal.IPsec.Proposals)
	if e.Key {
		row("key", "there")
	}
	if e.Outer.IsValid() {
		row("outer", e.Outer.String())
	}
	return b.String()
}

// planText says in words what a plan comes to.
func planText(p *ipsec.Plan, ike ipsec.IKEVersion) string {
	if !p.IPsec {
		return "no IPsec"
	}
	words := []string{"IPsec"}
	if p.Mode != 0 {
		words = append(words, p.Mode.String()+" mode")
	}
	switch {
	case ike == ipsec.IKEv2 && !p.InPlace():
		words = append(words, "IKE version 2")
	case p.Exchange != 0:
		words = append(words, p.Exchange.String()+" mode of IKE")
	}
	switch {
	case p.PFS:
		words = append(words, "with PFS")
	case !p.InPlace():
		words = append(words, "without PFS")
	}
	return strings.Join(words, ", ")
}

// ExistsText says what was found. An unknown has its reason for a name.
func ExistsText(e ipsec.Existing) string {
	if e.Kind == ipsec.ExistingUnknown && e.Name != "" {
		return "unknown: " + e.Name
	}
	return e.String()
}
