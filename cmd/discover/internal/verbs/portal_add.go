package verbs

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/discover/internal/view"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portalAdd stores portals and asks them.
type portalAdd struct {
	*command
	key     flags.Key
	options flags.Options
	run     flags.Run
	addrs   flags.View
}

// portalAdd returns the verb.
func (c *command) portalAdd() *cobra.Command {
	a := &portalAdd{command: c}
	cmd := &cobra.Command{
		Use:               "add [FLAGS] PORTAL...",
		Short:             "store portals, and ask them for their targets",
		Long:              manual.PortalAdd,
		ValidArgsFunction: verb.CompletePortalFiles(c.Command),
		Args:              flags.Arguments(1, -1, "PORTAL"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			portals, err := a.understand(cmd.Context(), args)
			if err != nil {
				return err
			}
			return c.WithAsking(cmd.Context(), app.CreateIfMissing, &a.run, &a.options.IPsec, func(s *registry.Service) error {
				if c.Global.DryRun {
					return a.check(cmd.Context(), s, portals)
				}
				return a.add(cmd.Context(), s, portals)
			})
		}),
	}
	c.AddFlags(cmd, append([]flags.Group{
		flags.NewGroup("The portal", a.options.LabelFlagSet()),
		flags.NewGroup("How to reach it", a.key.FlagSet(false)),
	}, optionGroups(c, &a.options, &a.run, &a.addrs)...)...)
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// optionGroups returns the flags of a verb that stores options of an entry and asks it.
func optionGroups(c *command, o *flags.Options, run *flags.Run, addrs *flags.View) []flags.Group {
	return []flags.Group{
		flags.NewGroup("Login", o.Login.FlagSet()),
		flags.NewGroup("IPsec", o.IPsec.FlagSet()),
		flags.NewGroup("The run", run.FlagSet()),
		flags.NewGroup("The addresses of targets", addrs.FlagSet()),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()),
	}
}

// understand takes the command line in: entries that differ in the portal alone.
func (a *portalAdd) understand(ctx context.Context, args []string) ([]initiator.SendTargetPortal, error) {
	if err := a.options.CheckRefs(&a.Global.Key, args); err != nil {
		return nil, err
	}
	portals, err := a.key.Entries(&a.Env, args, "discover scan --open")
	if err != nil {
		return nil, err
	}
	portals = flags.Distinct(portals)
	if len(portals) > 1 && a.options.Labelled() {
		return nil, exit.Usagef("--symbolic-name is the label of one portal, but %d portals are given: add them one by one", len(portals))
	}
	for _, check := range []func() error{func() error { return a.options.Login.Check(true) }, a.addrs.Check, a.options.IPsec.Check} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	p, err := a.options.Portal(ctx, &a.Env)
	if err != nil {
		return nil, err
	}
	if err := a.run.CheckName(p.Login.InitiatorName); err != nil {
		return nil, err
	}
	p.Instance, p.Port, p.Source = a.key.Instance, a.key.Port.Number, a.key.Source
	all := make([]initiator.SendTargetPortal, len(portals))
	for i, portal := range portals {
		portal.SymbolicName = p.Portal.SymbolicName
		all[i] = p
		all[i].Portal = portal
	}
	return all, nil
}

// check shows what would be stored. What would be refused comes at the end.
func (a *portalAdd) check(ctx context.Context, s *registry.Service, portals []initiator.SendTargetPortal) error {
	if a.Global.Output == render.FormatISCSIADM {
		return errNoLines
	}
	var (
		would   []registry.StoredPortal
		refused []error
		replace int
	)
	for _, p := range portals {
		stored, err := s.CheckSendTargetPortal(ctx, p)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		would = append(would, storedPortal(stored, &p))
		listed, err := s.Listed(ctx, stored.Key())
		if err != nil {
			return err
		}
		if listed {
			replace++
		}
	}
	if len(portals) == 1 && len(refused) == 1 {
		return refused[0]
	}
	l := a.portalListing()
	l.Would = wouldAdd(len(would), replace)
	for i := range would {
		if err := listPortal(l, &would[i]); err != nil {
			return err
		}
	}
	return verb.Ended(a.EndListing(l, refused...), len(portals), len(refused))
}

// storedPortal returns an entry as it would be in the registry, by what is stored of it and
// what was given.
func storedPortal(stored initiator.SendTargetPortal, given *initiator.SendTargetPortal) registry.StoredPortal {
	set := func(ref string, secret interface{ IsZero() bool }) bool { return ref != "" || !secret.IsZero() }
	return registry.StoredPortal{
		SendTargetPortal:  stored,
		PasswordSet:       set(given.Login.PasswordRef, given.Login.Password),
		TargetPasswordSet: set(given.Login.TargetPasswordRef, given.Login.TargetPassword),
		IPsecKeySet:       set(given.IPsec.PSKRef, given.IPsec.PSK),
	}
}

// wouldAdd says what a dry run would have done with n entries, of which some would replace
// others.
func wouldAdd(n, replace int) string {
	switch {
	case n == 0:
		return "would have stored nothing"
	case n == 1 && replace == 0:
		return "would have stored this entry, and asked the portal"
	case n == 1:
		return "would have replaced all options of the entry that is in the registry by these, and asked the portal"
	case replace == 0:
		return "would have stored these entries, and asked the portals"
	}
	return fmt.Sprintf("would have stored these entries, %d of them in the place of entries that are in the registry, with all their options, and asked the portals", replace)
}

// add stores the portals, and shows what came of asking them.
func (a *portalAdd) add(ctx context.Context, s *registry.Service, portals []initiator.SendTargetPortal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed, kept, err := a.showStored(ctx, s, &a.addrs, &a.run, s.AddSendTargetPortals(ctx, portals))
	list := "discover portal list --failed"
	if ctx.Err() != nil { // those that were cancelled have no result that is stored
		list = "discover portal list"
	}
	switch {
	case err != nil:
		return err
	case len(kept) == 1 && a.ForPeople():
		a.Say("%s is stored in the registry nevertheless; see discover portal list", kept[0])
	case len(kept) > 1 && a.ForPeople():
		a.Say("the %d portals that failed are stored in the registry nevertheless; see %s", len(kept), list)
	}
	return verb.Partly(len(portals), failed)
}

// showStored shows the results of portals that were stored and asked. kept are those of the
// failed ones that are in the registry all the same.
func (c *command) showStored(ctx context.Context, s *registry.Service, addrs *flags.View, run *flags.Run, results iter.Seq[initiator.Result]) (failed int, kept []initiator.Key, err error) {
	var usage *exit.UsageError // of --key, which is asked for when there is something to seal
	good := func(yield func(initiator.Result) bool) {
		for r := range results {
			if errors.As(r.Err, &usage) || !yield(r) {
				return
			}
		}
	}
	if addrs.Probes() {
		c.Progress.Then(app.Probing)
	}
	out := c.NewWhole()
	if table, ok := out.Output.(*render.TableOutput); ok {
		table.Adding = true
	}
	for b := range view.New(&c.Env, addrs, run, s.NewProber).Batches(ctx, render.AsBatches(good)) {
		r := b.Result
		c.LogResult(r)
		c.NoteName(r)
		if r.Err != nil {
			failed++
			if r.Stored {
				kept = append(kept, r.Asked.Key())
			}
		}
		if err = out.Result(r); err != nil {
			break
		}
	}
	if usage != nil {
		return 0, nil, errors.Join(out.W.Close(), usage)
	}
	return failed, kept, out.Close(err)
}
