package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portalAdd stores a portal and asks it.
type portalAdd struct {
	*command
	key   keyFlags
	login loginFlags
	ipsec ipsecFlags
	run   runFlags
	addrs addressFlags
	name  string
}

// portalAdd returns the verb.
func (c *command) portalAdd() *cobra.Command {
	a := &portalAdd{command: c}
	cmd := &cobra.Command{
		Use:               "add [FLAGS] PORTAL",
		Short:             "store a portal, and ask it for its targets",
		Long:              manual.PortalAdd,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              arguments(1, 1, "PORTAL"),
		RunE: c.answering(func(cmd *cobra.Command, args []string) error {
			p, err := a.understand(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.withAsking(cmd.Context(), making, &a.run, &a.ipsec, func(s *registry.Service) error {
				if c.global.dryRun {
					return a.check(cmd.Context(), s, p)
				}
				return a.add(cmd.Context(), s, p)
			})
		}),
	}
	label := newFlagSet()
	label.Var(newText(&a.name, "TEXT"), "symbolic-name", "a label, of no effect")
	c.addFlags(cmd,
		newFlagGroup("The portal", label),
		newFlagGroup("The way to it", a.key.flags(false)),
		newFlagGroup("Login", a.login.flags()),
		newFlagGroup("IPsec", a.ipsec.flags()),
		newFlagGroup("The run", a.run.flags()),
		newFlagGroup("The addresses of targets", a.addrs.flags()),
		newFlagGroup("Changes", c.global.changeFlags()))
	completeLoginFlags(cmd)
	completeAddressFlags(cmd)
	c.completeKeyFlags(cmd)
	return cmd
}

// understand takes the command line in.
func (a *portalAdd) understand(ctx context.Context, arg string) (p initiator.SendTargetPortal, err error) {
	if p.Portal, err = a.key.entry(arg); err != nil {
		return p, err
	}
	if err := a.login.check(true); err != nil {
		return p, err
	}
	if err := a.addrs.check(); err != nil {
		return p, err
	}
	if err := a.ipsec.check(&a.Env); err != nil {
		return p, err
	}
	if err := checkRefs(&a.global.key, &a.login.chapSecret, &a.login.targetSecret, &a.ipsec.psk); err != nil {
		return p, err
	}
	p.Portal.SymbolicName = a.name
	p.Instance, p.Port, p.Source = a.key.instance, a.key.port.number, a.key.source
	if p.Security, err = a.ipsec.security(); err != nil {
		return p, err
	}
	if p.Login, err = a.login.options(ctx, &a.Env); err != nil {
		return p, err
	}
	if err := a.run.checkName(p.Login.InitiatorName); err != nil {
		return p, err
	}
	p.Login.BindDevice = a.ipsec.bindDevice
	if p.IPsec, err = a.ipsec.options(ctx, &a.Env); err != nil {
		return p, err
	}
	if err := a.login.keepReferences(&p.Login); err != nil {
		return p, err
	}
	return p, a.ipsec.keepReference(&p.IPsec)
}

// check shows what would be stored.
func (a *portalAdd) check(ctx context.Context, s *registry.Service, p initiator.SendTargetPortal) error {
	set := func(ref string, secret interface{ IsZero() bool }) bool { return ref != "" || !secret.IsZero() }
	stored := registry.StoredPortal{
		PasswordSet:       set(p.Login.PasswordRef, p.Login.Password),
		TargetPasswordSet: set(p.Login.TargetPasswordRef, p.Login.TargetPassword),
		IPsecKeySet:       set(p.IPsec.KeyRef, p.IPsec.Key),
	}
	var err error
	if stored.SendTargetPortal, err = s.CheckSendTargetPortal(ctx, p); err != nil {
		return err
	}
	if a.global.output == render.FormatISCSIADM {
		return errNoLines
	}
	listed, err := s.Listed(ctx, stored.Key())
	if err != nil {
		return err
	}
	l := a.portalListing()
	l.Would = "would have stored this entry, and asked the portal"
	if listed {
		l.Would = "would have replaced all options of the entry that is in the registry by these, and asked the portal"
	}
	if err := listPortal(l, &stored); err != nil {
		return err
	}
	return l.End()
}

// add stores the portal, and shows what came of asking it.
func (a *portalAdd) add(ctx context.Context, s *registry.Service, p initiator.SendTargetPortal) error {
	r, err := s.AddSendTargetPortal(ctx, p)
	var usage *machine.UsageError
	if errors.As(err, &usage) {
		return err // of --key, which is asked for when there is something to seal
	}
	a.logResult(&r)
	a.noteName(&r)
	newAddressView(&a.Env, &a.addrs, &a.run, s.NewProber).result(ctx, &r)
	out := a.newWhole()
	if table, ok := out.Output.(*render.TableOutput); ok {
		table.Adding = true
	}
	if failed := out.Close(out.Result(&r)); failed != nil {
		return failed
	}
	if err == nil {
		return nil
	}
	if r.Stored && a.forPeople() {
		a.say("%s is in the registry all the same; see discover portal list", r.Portal.Key())
	}
	return machine.StatusError(machine.ExitFailed)
}
