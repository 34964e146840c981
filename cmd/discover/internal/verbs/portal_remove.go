package verbs

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// portalRemove returns the verb.
func (c *command) portalRemove() *cobra.Command {
	var key flags.Key
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] PORTAL",
		Short:             "remove a portal from the registry",
		Long:              manual.PortalRemove,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.PortalNames),
		Args:              verb.Arguments(1, 1, "PORTAL"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			p, err := key.Entry(args[0])
			if err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.Existing, c.NewDiscoverer(nil), func(s *registry.Service) error {
				k, err := key.EntryKey(cmd.Context(), s, p)
				if err != nil {
					return err
				}
				if err := s.RemoveSendTargetPortal(cmd.Context(), k); err != nil {
					return err
				}
				return c.Done("removed", render.NewJSONKey(k), "removed %s", k)
			})
		}),
	}
	c.AddFlags(cmd,
		flags.NewGroup("The entry", key.FlagSet(false)),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}
