package verbs

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// targetRemove returns the verb.
func (c *command) targetRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] NAME",
		Short:             "remove a target that was configured by hand",
		Long:              manual.TargetRemove,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, verb.StaticNames),
		Args:              verb.TargetArguments(1, 1, "NAME"),
		RunE: c.Answer(func(cmd *cobra.Command, args []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.Existing, c.NewDiscoverer(nil), func(s *registry.Service) error {
				if err := s.RemoveStaticTarget(cmd.Context(), args[0]); err != nil {
					return err
				}
				return c.Done("removed", "removed", verb.JSONName{Name: jsonitem.Text(args[0])}, "removed static target %s", args[0])
			})
		}),
	}
	c.AddFlags(cmd, flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}
