package verbs

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/view"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portalAdd stores a portal and asks it.
type portalAdd struct {
	*command
	key   flags.Key
	login flags.Login
	ipsec flags.IPsec
	run   flags.Run
	addrs flags.View
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
		Args:              verb.Arguments(1, 1, "PORTAL"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			p, err := a.understand(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.WithAsking(cmd.Context(), app.CreateIfMissing, &a.run, &a.ipsec, func(s *registry.Service) error {
				if c.Global.DryRun {
					return a.check(cmd.Context(), s, p)
				}
				return a.add(cmd.Context(), s, p)
			})
		}),
	}
	label := flags.NewSet()
	label.Var(flags.NewText(&a.name, "TEXT"), "symbolic-name", "a label; discoverd probes the portal with its login options by it")
	c.AddFlags(cmd,
		flags.NewGroup("The portal", label),
		flags.NewGroup("How to reach it", a.key.FlagSet(false)),
		flags.NewGroup("Login", a.login.FlagSet()),
		flags.NewGroup("IPsec", a.ipsec.FlagSet()),
		flags.NewGroup("The run", a.run.FlagSet()),
		flags.NewGroup("The addresses of targets", a.addrs.FlagSet()),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// understand takes the command line in.
func (a *portalAdd) understand(ctx context.Context, arg string) (p initiator.SendTargetPortal, err error) {
	if p.Portal, err = a.key.Entry(arg); err != nil {
		return p, err
	}
	if err := a.login.Check(true); err != nil {
		return p, err
	}
	if err := a.addrs.Check(); err != nil {
		return p, err
	}
	if err := a.ipsec.Check(); err != nil {
		return p, err
	}
	if err := flags.CheckRefs(&a.Global.Key, &a.login.CHAPSecret, &a.login.TargetSecret, &a.ipsec.PSK); err != nil {
		return p, err
	}
	p.Portal.SymbolicName = a.name
	p.Instance, p.Port, p.Source = a.key.Instance, a.key.Port.Number, a.key.Source
	if p.Security, err = a.ipsec.SecurityFlags(); err != nil {
		return p, err
	}
	if p.Login, err = a.login.Options(ctx, &a.Env); err != nil {
		return p, err
	}
	if err := a.run.CheckName(p.Login.InitiatorName); err != nil {
		return p, err
	}
	p.Login.BindDevice = a.ipsec.BindDevice
	if p.IPsec, err = a.ipsec.Options(ctx, &a.Env); err != nil {
		return p, err
	}
	if err := a.login.KeepReferences(&p.Login); err != nil {
		return p, err
	}
	return p, a.ipsec.KeepReference(&p.IPsec)
}

// check shows what would be stored.
func (a *portalAdd) check(ctx context.Context, s *registry.Service, p initiator.SendTargetPortal) error {
	set := func(ref string, secret interface{ IsZero() bool }) bool { return ref != "" || !secret.IsZero() }
	stored := registry.StoredPortal{
		PasswordSet:       set(p.Login.PasswordRef, p.Login.Password),
		TargetPasswordSet: set(p.Login.TargetPasswordRef, p.Login.TargetPassword),
		IPsecKeySet:       set(p.IPsec.PSKRef, p.IPsec.PSK),
	}
	var err error
	if stored.SendTargetPortal, err = s.CheckSendTargetPortal(ctx, p); err != nil {
		return err
	}
	if a.Global.Output == render.FormatISCSIADM {
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
	a.LogResult(&r)
	a.NoteName(&r)
	view.New(&a.Env, &a.addrs, &a.run, s.NewProber).Result(ctx, &r)
	out := a.NewWhole()
	if table, ok := out.Output.(*render.TableOutput); ok {
		table.Adding = true
	}
	if failed := out.Close(out.Result(&r)); failed != nil {
		return failed
	}
	if err == nil {
		return nil
	}
	if r.Stored && a.ForPeople() {
		a.Say("%s is stored in the registry nevertheless; see discover portal list", r.Asked.Key())
	}
	return machine.StatusError(machine.ExitFailed)
}
