package fleetverbs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
)

// targets returns the verb that lists targets, with how many hosts see each.
func (c *command) targets() *cobra.Command {
	s := &selection{}
	cmd := &cobra.Command{
		Use: "targets [FLAGS] [PORTAL...]", Short: "list targets, with how many hosts see each", Long: manualTargets,
		Args: flags.Arguments(0, -1, "PORTAL"), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = c.selects(s, func(ctx context.Context, r *reading) error {
		portals, err := s.portals(r.view, c.fleet.Name)
		if err != nil {
			return err
		}
		l, err := c.fleetListing("targets", "target", fleetview.TargetHead(), r.view)
		if err != nil {
			return err
		}
		targets, unread := fleetview.Targets(portals, r.answers(ctx))
		n := 0
		for t := range targets {
			if err := l.Item(&t, t.Row()); err != nil {
				return err
			}
			n++
		}
		if err := l.End(); err != nil {
			return err
		}
		for _, err := range unread {
			c.Say("%v", err)
		}
		switch {
		case len(unread) > 0 && n == 0:
			return exit.StatusError(exit.Failed)
		case len(unread) > 0:
			return exit.StatusError(exit.Partly)
		}
		return nil
	})
	c.AddFlags(cmd, s.group())
	return cmd
}
