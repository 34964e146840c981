package fleetverbs

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// A selection is which hosts and portals a verb shows.
type selection struct {
	host string // empty: all
	key  flags.Key

	wanted []initiator.Portal // none: all
}

// group returns the flags of the selection.
func (s *selection) group() flags.Group {
	fs := flags.NewSet()
	fs.Var(flags.NewText(&s.host, "HOST"), "host", "only what this host sees")
	fs.AddFlag(s.key.ListFlagSet().Lookup("tcp-port"))
	return flags.NewGroup("The list", fs)
}

// understand reads the portals of the command line.
func (s *selection) understand(args []string) error {
	for _, arg := range args {
		p, err := s.key.Portal(arg)
		if err != nil {
			return err
		}
		s.wanted = append(s.wanted, p)
	}
	return nil
}

// portals returns the portals that are selected. An error names what the fleet does not
// have.
func (s *selection) portals(v *view.View, fleetName string) ([]view.Portal, error) {
	wanted := s.wanted
	if s.host != "" && v.Hosts[s.host] == nil {
		return nil, fmt.Errorf("no host %s in the fleet %s; see discover fleet hosts", s.host, fleetName)
	}
	var some []view.Portal
	found := make([]bool, len(wanted))
	for _, p := range v.Portals() {
		shown := len(wanted) == 0
		for i := range wanted {
			if fleetview.At(&p, wanted[i]) {
				found[i], shown = true, true
			}
		}
		if shown && s.host != "" {
			p, shown = fleetview.OnlyHost(p, s.host)
		}
		if shown {
			some = append(some, p)
		}
	}
	for i := range found {
		if !found[i] {
			return nil, fmt.Errorf("no portal %s in the fleet %s; see discover fleet paths", wanted[i], fleetName)
		}
	}
	return some, nil
}

// paths returns the verb that shows which hosts see the same at which portal.
func (c *command) paths() *cobra.Command {
	s := &selection{}
	cmd := &cobra.Command{
		Use: "paths [FLAGS] [PORTAL...]", Short: "show by portal which hosts see the same", Long: manualPaths,
		Args: flags.Arguments(0, -1, "PORTAL"), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = c.selects(s, func(_ context.Context, r *reading) error {
		portals, err := s.portals(r.view, c.fleet.Name)
		if err != nil {
			return err
		}
		l, err := c.fleetListing("portals", "portal", fleetview.PortalHead(), r.view)
		if err != nil {
			return err
		}
		now := time.Now()
		for i := range portals {
			if err := l.Item(fleetview.NewJSONFleetPortal(&portals[i]), fleetview.PortalRows(&portals[i], now)...); err != nil {
				return err
			}
		}
		if c.ForPeople() && len(portals) == 0 {
			c.Say("no portals in the fleet %s; add one with discover fleet portal add PORTAL", c.fleet.Name)
		}
		return l.End()
	})
	c.AddFlags(cmd, s.group())
	return cmd
}
