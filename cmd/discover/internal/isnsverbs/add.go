package isnsverbs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// add returns the verb that stores servers, and asks them.
func (c *command) add() *cobra.Command {
	var f flags.ISNS
	cmd := &cobra.Command{
		Use:               "add [FLAGS] SERVER...",
		Short:             "store iSNS servers, and ask them for targets",
		Long:              manual.ISNSAdd,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(1, -1, "SERVER"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			servers, err := f.Servers(args)
			if err == nil {
				err = f.Check()
			}
			if err != nil {
				return err
			}
			return c.withAsking(cmd.Context(), app.CreateIfMissing, &f, func(s *registry.Service) error {
				return c.addAll(cmd.Context(), s, &f, servers)
			})
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("How to ask it", f.FlagSet()),
		flags.NewGroup("The run", f.RunFlagSet()),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// addAll stores servers and asks each, or says in a dry run what would be stored.
func (c *command) addAll(ctx context.Context, s *registry.Service, f *flags.ISNS, servers []initiator.Portal) error {
	all := make([]registry.ISNSServer, len(servers))
	for i, p := range servers {
		key, err := f.Key.EntryKey(ctx, s, p)
		if err != nil {
			return err
		}
		all[i] = registry.ISNSServer{Address: p, Instance: key.Instance, Port: key.Port, Register: f.Register}
	}
	if c.Global.DryRun {
		return c.wouldAdd(ctx, s, all)
	}
	out := c.newOutput()
	out.adding = true
	var kept []initiator.Portal
	for _, v := range all {
		r, _ := s.AddISNSServer(ctx, v) // whose error is that of the result
		if r.Err != nil && r.Stored {
			kept = append(kept, r.Server.Address)
		}
		if err := out.result(&r); err != nil {
			return err
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	if c.ForPeople() {
		for _, p := range kept {
			c.Say("%s is stored in the registry nevertheless; see discover isns list", p)
		}
	}
	return verb.Partly(len(all), out.failed)
}

// wouldAdd lists what would be stored. What would be refused comes at the end.
func (c *command) wouldAdd(ctx context.Context, s *registry.Service, all []registry.ISNSServer) error {
	if c.Global.Output == render.FormatISCSIADM {
		return errNoLines
	}
	l := c.listing()
	l.Would = "would have stored these, and asked them"
	var refused []error
	for _, v := range all {
		v, err := s.CheckISNSServer(ctx, v)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		if err := listServer(l, &registry.StoredISNSServer{ISNSServer: v}); err != nil {
			return err
		}
	}
	if len(all) == 1 && len(refused) == 1 {
		return refused[0]
	}
	return verb.Ended(c.EndListing(l, refused...), len(all), len(refused))
}
