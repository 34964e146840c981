package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
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
		Long:              manual.IPsecExplain,
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
		newFlagGroup("The way to the portal", x.key.flags(false)),
		newFlagGroup("As if it were added with", x.ipsec.explainFlags()))
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
	if err := l.End(); err != nil {
		return err
	}
	return partly(len(all), failed)
}

// show shows what holds on one way.
func (x *ipsecExplain) show(l *render.Listing, e *initiator.Explanation, listed bool) error {
	if !x.forPeople() {
		return l.Item(render.NewJSONExplanation(e, listed))
	}
	if _, err := fmt.Fprint(x.Stdout, render.ExplanationText(e, listed)); err != nil {
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
