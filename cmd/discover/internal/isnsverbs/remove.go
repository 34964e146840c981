package isnsverbs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// jsonRemoved is a server that is no longer in the registry.
type jsonRemoved struct {
	Server jsonitem.Text `json:"server"`
}

// remove returns the verb that removes servers from the registry.
func (c *command) remove() *cobra.Command {
	var f flags.ISNS
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] SERVER...",
		Short:             "remove iSNS servers from the registry",
		Long:              manual.ISNSRemove,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.ISNSServerNames),
		Args:              flags.Arguments(1, -1, "SERVER"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			servers, err := f.Servers(args)
			if err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.Existing, c.NewDiscoverer(nil), func(s *registry.Service) error {
				return c.removeAll(cmd.Context(), s, servers)
			})
		}),
	}
	c.AddFlags(cmd, flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// removeAll removes the servers that there are, and names those that are not there.
func (c *command) removeAll(ctx context.Context, s *registry.Service, servers []initiator.Portal) error {
	l := c.NewListing("removed", "removed")
	l.Would = ""
	var missing []error
	for _, p := range servers {
		err := s.RemoveISNSServer(ctx, p)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		j := jsonRemoved{jsonitem.Text(p.String())}
		if c.ForPeople() {
			err = c.Done("removed", "removed", j, "removed iSNS server %s", p)
		} else {
			err = l.Item(j)
		}
		if err != nil {
			return err
		}
	}
	if len(servers) == 1 && len(missing) == 1 {
		return missing[0]
	}
	return verb.Ended(c.EndListing(l, missing...), len(servers), len(missing))
}
