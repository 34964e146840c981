package verbs

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

// portalRemove removes entries from the registry.
type portalRemove struct {
	*command
	key flags.Key
}

// portalRemove returns the verb.
func (c *command) portalRemove() *cobra.Command {
	r := &portalRemove{command: c}
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] PORTAL...",
		Short:             "remove portals from the registry",
		Long:              manual.PortalRemove,
		ValidArgsFunction: verb.CompletePortals(c.Command),
		Args:              flags.Arguments(1, -1, "PORTAL"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			portals, err := r.key.Entries(&c.Env, args, "discover portal list")
			if err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.Existing, c.NewDiscoverer(nil), func(s *registry.Service) error {
				if portals = flags.Distinct(portals); len(portals) == 1 {
					k, err := r.remove(cmd.Context(), s, portals[0])
					if err != nil {
						return err
					}
					return r.done(k)
				}
				return r.removeAll(cmd.Context(), s, portals)
			})
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("The entries", r.key.FlagSet(false)),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// remove removes the entry of one portal.
func (r *portalRemove) remove(ctx context.Context, s *registry.Service, p initiator.Portal) (initiator.Key, error) {
	k, err := r.key.EntryKey(ctx, s, p)
	if err == nil {
		err = s.RemoveSendTargetPortal(ctx, k)
	}
	return k, err
}

// done answers that an entry was removed.
func (r *portalRemove) done(k initiator.Key) error {
	return r.Done("removed", "removed", jsonitem.NewKey(k), "removed %s", k)
}

// removeAll removes the entries that there are, and names the portals that have none.
func (r *portalRemove) removeAll(ctx context.Context, s *registry.Service, portals []initiator.Portal) error {
	l := r.NewListing("removed", "removed")
	l.Would = ""
	var missing []error
	for _, p := range portals {
		k, err := r.remove(ctx, s, p)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		if r.ForPeople() {
			err = r.done(k)
		} else {
			err = l.Item(jsonitem.NewKey(k))
		}
		if err != nil {
			return err
		}
	}
	return verb.Ended(r.EndListing(l, missing...), len(portals), len(missing))
}
