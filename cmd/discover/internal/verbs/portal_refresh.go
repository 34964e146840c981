package verbs

import (
	"context"

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

// portalRefresh asks portals again.
type portalRefresh struct {
	*command
	key   flags.Key
	run   flags.Run
	addrs flags.View
}

// portalRefresh returns the verb.
func (c *command) portalRefresh() *cobra.Command {
	f := &portalRefresh{command: c, run: flags.Run{Retries: flags.RefreshRetries}}
	cmd := &cobra.Command{
		Use:               "refresh [FLAGS] [PORTAL...]",
		Short:             "ask portals again; without PORTAL, all of the registry",
		Long:              manual.PortalRefresh,
		ValidArgsFunction: verb.CompletePortals(c.Command),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			portals, err := f.understand(args)
			if err != nil {
				return err
			}
			a := app.CreateIfMissing
			if len(args) == 0 {
				a = app.Existing
			}
			return c.WithAsking(cmd.Context(), a, &f.run, &flags.IPsec{}, func(s *registry.Service) error {
				if c.Global.DryRun {
					return f.wouldAsk(cmd.Context(), s, portals, "would have asked these")
				}
				return f.ask(cmd.Context(), s, portals)
			})
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("The entries", f.key.FlagSet(false)),
		flags.NewGroup("The run", f.run.FlagSet()),
		flags.NewGroup("The addresses of targets", f.addrs.FlagSet()),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

func (f *portalRefresh) understand(args []string) ([]initiator.Portal, error) {
	if err := f.addrs.Check(); err != nil {
		return nil, err
	}
	if len(args) == 0 && f.key.Given() {
		return nil, exit.Usagef("--instance, --initiator-port and --source select one entry of a portal: name the portal as well")
	}
	return f.key.Entries(&f.Env, args, "discover portal list")
}

// ask asks, and shows the results in the order of the portals.
func (f *portalRefresh) ask(ctx context.Context, s *registry.Service, portals []initiator.Portal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if f.addrs.Probes() {
		f.Progress.Then(app.Probing)
	}
	results := s.RefreshAll(ctx)
	if len(portals) == 0 {
		f.ExpectAll(ctx, s)
	} else {
		var keys placed
		for _, p := range portals {
			key, err := f.key.EntryKey(ctx, s, p)
			if err != nil {
				return err
			}
			if keys.add(key) {
				f.NoteUnlisted(ctx, s, key)
			}
		}
		f.Progress.Expect(len(keys.distinct))
		results = keys.atEachPlace(s.Refresh(ctx, keys.distinct))
	}
	asked, failed := 0, 0
	out := f.NewWhole()
	var err error
	view := view.New(&f.Env, &f.addrs, &f.run, s.NewProber)
	for b := range view.Batches(ctx, render.AsBatches(results)) {
		r := b.Result
		f.LogResult(r)
		f.NoteName(r)
		if asked++; r.Err != nil {
			failed++
		}
		if err = out.Result(r); err != nil {
			cancel()
			break
		}
	}
	if err := out.Close(err); err != nil {
		return err
	}
	if asked == 0 && f.ForPeople() {
		f.Say("no portals in the registry %s; add one with discover portal add PORTAL", f.RegistryName())
	}
	return verb.Partly(asked, failed)
}

// errNoLines is -o iscsiadm of a dry run.
var errNoLines = exit.Usagef("-o iscsiadm prints only targets, but a dry run finds none: use table, json or jsonl")

// wouldAsk lists what would be asked, under what would is.
func (f *portalRefresh) wouldAsk(ctx context.Context, s *registry.Service, portals []initiator.Portal, would string) error {
	if f.Global.Output == render.FormatISCSIADM {
		return errNoLines
	}
	l := f.portalListing()
	l.Would = would
	var keys []initiator.Key
	for _, p := range portals {
		key, err := f.key.EntryKey(ctx, s, p)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	var unread []error
	for p, err := range s.SendTargetPortals(ctx) {
		if err != nil && p.Portal.Address == "" {
			return f.EndListing(l, err)
		}
		if len(portals) > 0 && !without(&keys, p.Key()) {
			continue
		}
		if err != nil {
			unread = append(unread, err)
			continue
		}
		if err := listPortal(l, &p); err != nil {
			return err
		}
	}
	for _, k := range keys {
		p := registry.StoredPortal{SendTargetPortal: initiator.SendTargetPortal{Instance: k.Instance, Port: k.Port, Portal: k.Portal}}
		if err := listPortal(l, &p); err != nil {
			return err
		}
	}
	return f.EndListing(l, unread...)
}

// without takes a key out of a list, and reports whether it was there.
func without(keys *[]initiator.Key, key initiator.Key) bool {
	for i, k := range *keys {
		if k.Same(key) {
			*keys = append((*keys)[:i], (*keys)[i+1:]...)
			return true
		}
	}
	return false
}
