package isnsverbs

import (
	"context"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// refresh returns the verb that asks servers of the registry again.
func (c *command) refresh() *cobra.Command {
	var f flags.ISNS
	cmd := &cobra.Command{
		Use:               "refresh [FLAGS] [SERVER...]",
		Short:             "ask iSNS servers again; without SERVER, all of the registry",
		Long:              manual.ISNSRefresh,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.ISNSServerNames),
		Args:              flags.Arguments(0, -1, "SERVER"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			servers, err := f.Servers(args)
			if err != nil {
				return err
			}
			return c.withAsking(cmd.Context(), app.Existing, &f, func(s *registry.Service) error {
				if c.Global.DryRun {
					return c.wouldRefresh(cmd.Context(), s, servers)
				}
				return c.refreshAll(cmd.Context(), s, servers)
			})
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("The run", f.RunFlagSet()),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// refreshAll asks servers, or all of the registry where none is named.
func (c *command) refreshAll(ctx context.Context, s *registry.Service, servers []initiator.Portal) error {
	results := s.RefreshISNSServers(ctx)
	if len(servers) > 0 {
		results = refreshEach(ctx, s, servers)
	}
	out := c.newOutput()
	asked := 0
	for r := range results {
		asked++
		if err := out.result(&r); err != nil {
			return err
		}
	}
	if asked == 0 && c.ForPeople() {
		c.sayNone()
	}
	if err := out.end(); err != nil {
		return err
	}
	return verb.Partly(asked, out.failed)
}

// refreshEach asks servers of the registry one after the other.
func refreshEach(ctx context.Context, s *registry.Service, servers []initiator.Portal) iter.Seq[registry.ISNSResult] {
	return func(yield func(registry.ISNSResult) bool) {
		for _, p := range servers {
			r, _ := s.RefreshISNSServer(ctx, p) // whose error is that of the result
			if !yield(r) {
				return
			}
		}
	}
}

// errNoLines is -o iscsiadm of a dry run.
var errNoLines = exit.Usagef("-o iscsiadm prints only targets, but a dry run finds none: use table, json or jsonl")

// wouldRefresh lists which servers would be asked.
func (c *command) wouldRefresh(ctx context.Context, s *registry.Service, servers []initiator.Portal) error {
	if c.Global.Output == render.FormatISCSIADM {
		return errNoLines
	}
	l := c.listing()
	l.Would = "would have asked these"
	var unread []error
	found := make(map[initiator.Portal]bool)
	for v, err := range s.ISNSServers(ctx) {
		if err != nil {
			unread = append(unread, err)
			continue
		}
		i := slices.IndexFunc(servers, func(p initiator.Portal) bool { return sameServer(p, v.Address) })
		if len(servers) > 0 && i < 0 {
			continue
		}
		if i >= 0 {
			found[servers[i]] = true
		}
		if err := listServer(l, &v); err != nil {
			return err
		}
	}
	missing := 0
	for _, p := range servers {
		if !found[p] { // the registry says what there is to say
			missing++
			_, err := s.RefreshISNSServer(ctx, p)
			unread = append(unread, err)
		}
	}
	if len(servers) == 1 && missing == 1 {
		return unread[0]
	}
	return app.Worse(c.EndListing(l, unread...), verb.Partly(len(servers), missing))
}

// sameServer reports that two servers are one.
func sameServer(a, b initiator.Portal) bool {
	return a.Port == b.Port && a.Canonical() == b.Canonical()
}
