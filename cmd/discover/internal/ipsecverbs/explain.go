package ipsecverbs

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// ipsecExplain says under which IPsec a portal would be asked, and asks no portal.
type ipsecExplain struct {
	*command
	key   flags.Key
	ipsec flags.IPsec

	chosen []machine.Choice
}

// ipsecExplain returns the verb.
func (c *command) ipsecExplain() *cobra.Command {
	x := &ipsecExplain{command: c}
	cmd := &cobra.Command{
		Use:               "explain [FLAGS] PORTAL",
		Short:             "show whether and how IPsec would protect a portal; sends nothing",
		Long:              manual.IPsecExplain,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.PortalNames),
		Args:              flags.Arguments(1, 1, "PORTAL"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			p, err := x.understand(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			d := c.NewDiscoverer(&flags.Run{})
			if c.Enforcer != nil {
				d.Enforcer = c.Heard(c.Enforcer(x.ipsec.Enforcer), func(m machine.Choice) { x.chosen = append(x.chosen, m) })
			}
			return c.WithService(cmd.Context(), app.ReadOnly, d, func(s *registry.Service) error {
				if err := c.UseDefaultName(cmd.Context(), s, d); err != nil {
					return err
				}
				return x.explain(cmd.Context(), s, p)
			})
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("How to reach the portal", x.key.FlagSet(false)),
		flags.NewGroup("Explain it as if it were added with", x.ipsec.ExplainFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// understand takes the command line in.
func (x *ipsecExplain) understand(ctx context.Context, arg string) (p initiator.SendTargetPortal, err error) {
	if p.Portal, err = x.key.Entry(arg); err != nil {
		return p, err
	}
	if err := x.ipsec.Check(); err != nil {
		return p, err
	}
	if x.ipsec.Unknown != "" && !x.ipsec.Given() {
		return p, exit.Usagef("--ipsec-unknown needs --ipsec LIST here: without it, the stored option of the portal applies")
	}
	if err := flags.CheckRefs(&x.Global.Key, &x.ipsec.PSK); err != nil {
		return p, err
	}
	p.Instance, p.Port, p.Source = x.key.Instance, x.key.Port.Number, x.key.Source
	if p.Security, err = x.ipsec.SecurityFlags(); err != nil {
		return p, err
	}
	p.IPsec, err = x.ipsec.Options(ctx, &x.Env)
	return p, err
}

// explain shows what holds on each way to the portal.
func (x *ipsecExplain) explain(ctx context.Context, s *registry.Service, p initiator.SendTargetPortal) error {
	var (
		all    []initiator.Explanation
		listed bool
		err    error
	)
	if x.ipsec.Given() {
		all, err = s.Explain(ctx, p)
	} else {
		var key initiator.Key
		if key, err = x.key.EntryKey(ctx, s, p.Portal); err == nil {
			all, listed, err = s.ExplainEntry(ctx, key)
		}
	}
	if err != nil {
		return err
	}
	failed := 0
	l := x.NewListing("explanations", "explanation")
	for i := range all {
		if all[i].Err != nil {
			failed++
		}
		if err := x.show(l, &all[i], listed); err != nil {
			return err
		}
	}
	if err := l.End(); err != nil {
		return err
	}
	return verb.Partly(len(all), failed)
}

// whyNot says which enforcer would have come before the one that would be used, and why it
// does not; empty: none would.
func (x *ipsecExplain) whyNot(e *initiator.Explanation) string {
	for _, c := range x.chosen {
		if c.Portal == e.Address && c.Source == e.Port.Address && c.Before != "" {
			return c.Before + ": " + c.Why.Error()
		}
	}
	return ""
}

// show shows what holds on one way.
func (x *ipsecExplain) show(l *render.Listing, e *initiator.Explanation, listed bool) error {
	if !x.ForPeople() {
		return l.Item(jsonitem.NewExplanation(e, x.whyNot(e), listed))
	}
	if _, err := fmt.Fprint(x.Stdout, render.ExplanationText(e, x.whyNot(e), listed)); err != nil {
		return err
	}
	for _, w := range e.Plan.Warnings {
		x.Say("warning: %s: %s", e.Portal.Portal, w.Message)
	}
	if e.Err != nil {
		x.Say("%s", e.Err)
	}
	return nil
}
