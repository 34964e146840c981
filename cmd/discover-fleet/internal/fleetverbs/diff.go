package fleetverbs

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// diff returns the verb that says what in the fleet is not as it should be.
func (c *command) diff() *cobra.Command {
	var exitCode bool
	cmd := &cobra.Command{
		Use: "diff [FLAGS]", Short: "say which hosts do not see what they should", Long: manualDiff,
		Args: flags.Arguments(0, 0, ""), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = c.reads(func(ctx context.Context, r *reading) error {
		all := fleetview.Differences(view.Diff(r.view, r.answers(ctx)))
		l, err := c.fleetListing("differences", "difference", fleetview.DifferenceHead(), r.view)
		if err != nil {
			return err
		}
		now := time.Now()
		for i := range all {
			if err := l.Item(&all[i], all[i].Row(now)); err != nil {
				return err
			}
		}
		if c.ForPeople() && len(all) == 0 {
			c.Say("no differences among %s of the fleet %s", wording.Plural(len(r.view.Hosts), "host", "hosts"), c.fleet.Name)
		}
		if err := l.End(); err != nil {
			return err
		}
		if exitCode && len(all) > 0 {
			return exit.StatusError(exit.Failed)
		}
		return nil
	})
	end := flags.NewSet()
	end.BoolVar(&exitCode, "exit-code", false, "end with exit status 1 if there is a difference")
	c.AddFlags(cmd, flags.NewGroup("The end", end))
	return cmd
}
