package fleetverbs

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
)

// hosts returns the verb that lists the hosts of the fleet.
func (c *command) hosts() *cobra.Command {
	return &cobra.Command{
		Use: "hosts [FLAGS]", Short: "list the hosts of the fleet", Long: manualHosts,
		Args: flags.Arguments(0, 0, ""), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: c.reads(func(_ context.Context, r *reading) error {
			l, err := c.fleetListing("hosts", "host", fleetview.HostHead(), r.view)
			if err != nil {
				return err
			}
			now := time.Now()
			for _, h := range fleetview.Hosts(r.view) {
				j := fleetview.NewJSONFleetHost(h)
				if err := l.Item(&j, j.Row(now)); err != nil {
					return err
				}
			}
			if c.ForPeople() && len(r.view.Hosts) == 0 {
				c.Say("no hosts in the fleet %s; a host joins it by discoverd --fleet %s --etcd URL", c.fleet.Name, c.fleet.Name)
			}
			return l.End()
		}),
	}
}
