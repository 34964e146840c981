package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// ipsecExplain says under which IPsec a portal would be asked, and asks nobody.
type ipsecExplain struct {
	*command
	key   keyFlags
	ipsec ipsecFlags
}

// ipsecExplain returns the verb.
func (c *command) ipsecExplain() *cobra.Command {
	x := &ipsecExplain{command: c}
	cmd := &cobra.Command{
		Use:               "explain [FLAGS] PORTAL",
		Short:             "say under which IPsec a portal would be asked; dials nothing",
		Long:              ipsecExplainManual,
		ValidArgsFunction: c.completeFromRegistry(portalNames),
		Args:              arguments(1, 1, "PORTAL"),
		RunE: c.answering(func(cmd *cobra.Command, args []string) error {
			if err := c.noTargetLines(cmd); err != nil {
				return err
			}
			p, err := x.understand(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			d := c.discoverer(&runFlags{})
			if c.Enforcer != nil {
				d.Enforcer = c.heard(c.Enforcer(x.ipsec.enforcer))
			}
			return c.withService(cmd.Context(), reading, d, func(s *registry.Service) error {
				if err := c.useDefaultName(cmd.Context(), s, d); err != nil {
					return err
				}
				return x.explain(cmd.Context(), s, p)
			})
		}),
	}
	c.addFlags(cmd,
		flagGroup{"The way to the portal", x.key.flags(false)},
		flagGroup{"As if it were added with", x.ipsec.explainFlags()})
	c.completeKeyFlags(cmd)
	completeIPsecFlags(cmd)
	return cmd
}

// understand takes the command line in.
func (x *ipsecExplain) understand(ctx context.Context, arg string) (p initiator.SendTargetPortal, err error) {
	if p.Portal, err = x.key.entry(arg); err != nil {
		return p, err
	}
	if err := x.ipsec.check(&x.Env); err != nil {
		return p, err
	}
	if x.ipsec.unknown != "" && !x.ipsec.given() {
		return p, machine.Usagef("--ipsec-unknown goes with --ipsec LIST here: without, it is as the portal was added")
	}
	if err := checkRefs(&x.global.key, &x.ipsec.psk); err != nil {
		return p, err
	}
	p.Instance, p.Port, p.Source = x.key.instance, x.key.port.number, x.key.source
	if p.Security, err = x.ipsec.security(); err != nil {
		return p, err
	}
	p.IPsec, err = x.ipsec.options(ctx, &x.Env)
	return p, err
}

// explain shows what holds on each way to the portal.
func (x *ipsecExplain) explain(ctx context.Context, s *registry.Service, p initiator.SendTargetPortal) error {
	var (
		all    []initiator.Explanation
		listed bool
		err    error
	)
	if x.ipsec.given() {
		all, err = s.Explain(ctx, p)
	} else {
		var key initiator.Key
		if key, err = x.key.of(ctx, s, p.Portal); err == nil {
			all, listed, err = s.ExplainEntry(ctx, key)
		}
	}
	if err != nil {
		return err
	}
	failed := 0
	l := x.newListing("explanations", "explanation")
	for i := range all {
		if all[i].Err != nil {
			failed++
		}
		if err := x.show(l, &all[i], listed); err != nil {
			return err
		}
	}
	if err := l.end(); err != nil {
		return err
	}
	return partly(len(all), failed)
}

// show shows what holds on one way.
func (x *ipsecExplain) show(l *listing, e *initiator.Explanation, listed bool) error {
	if !x.forPeople() {
		return l.item(newJSONExplanation(e, listed))
	}
	if _, err := fmt.Fprint(x.Stdout, explanationText(e, listed)); err != nil {
		return err
	}
	for _, w := range e.Plan.Warnings {
		x.say("warning: %s: %s", e.Portal.Portal, w.Message)
	}
	if e.Err != nil {
		x.say("%s", machine.WithoutPackage(e.Err))
	}
	return nil
}

// explanationText shows people what holds.
func explanationText(e *initiator.Explanation, listed bool) string {
	var b strings.Builder
	b.WriteString(machine.Visible(e.Portal.Portal.String()))
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
			fmt.Fprintf(&b, "  %-10s%s\n", name, machine.Visible(value))
		}
	}
	if e.Plan.Why == "" {
		return b.String() // it did not come to a plan
	}
	row("plan", planText(&e.Plan))
	row("origin", e.Plan.Origin.String())
	row("why", e.Plan.Why)
	row("exists", existsText(e.Plan.Existing))
	if !e.Plan.IPsec {
		return b.String()
	}
	row("enforcer", e.Enforcer)
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
func planText(p *ipsec.Plan) string {
	if !p.IPsec {
		return "no IPsec"
	}
	words := []string{"IPsec"}
	if p.Mode != 0 {
		words = append(words, p.Mode.String()+" mode")
	}
	if p.Exchange != 0 {
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

// existsText says what was found. An unknown has its reason for a name.
func existsText(e ipsec.Existing) string {
	if e.Kind == ipsec.ExistingUnknown && e.Name != "" {
		return "unknown: " + e.Name
	}
	return e.String()
}
