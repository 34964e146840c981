package isnsverbs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// list returns the verb that lists the servers of the registry.
func (c *command) list() *cobra.Command {
	return &cobra.Command{
		Use:               "list [FLAGS]",
		Short:             "list the iSNS servers of the registry",
		Long:              manual.ISNSList,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.RegistryVerb(app.ReadOnly, func(ctx context.Context, s *registry.Service, _ []string) error {
			l := c.listing()
			var unread []error
			shown := 0
			for v, err := range s.ISNSServers(ctx) {
				if err != nil {
					unread = append(unread, err)
					continue
				}
				shown++
				if err := listServer(l, &v); err != nil {
					return err
				}
			}
			if c.ForPeople() && shown+len(unread) == 0 {
				c.sayNone()
			}
			return c.EndListing(l, unread...)
		}),
	}
}

// sayNone says that there are no servers.
func (c *command) sayNone() {
	c.Say("no iSNS servers in the registry %s; add one with discover isns add SERVER", c.RegistryName())
}

// listing returns a list of servers.
func (c *command) listing() *render.Listing {
	return c.NewListing("servers", "isns-server", "SERVER", "INSTANCE", "PORT", "REGISTER", "LAST RESULT")
}

// listServer shows a server of the registry.
func listServer(l *render.Listing, v *registry.StoredISNSServer) error {
	instance, register, last := v.Instance, "", ""
	if instance == "" {
		instance = "any"
	}
	if v.Register {
		register = "yes"
	}
	if !v.Added.IsZero() { // else it is not in the registry
		last = verb.LastText(&v.Last)
	}
	return l.Item(jsonitem.NewISNSServer(v), []string{v.Address.String(), instance, v.Port.String(), register, last})
}
