// Package isnsverbs has the verbs about iSNS servers: those of the registry, and one that is
// asked without storing anything. discover scan --isns asks by it as well.
package isnsverbs

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A command is one run of discover, as these verbs see it.
type command struct{ *app.Command }

// Verb returns the verbs about iSNS servers.
func Verb(of *app.Command) *cobra.Command {
	c := &command{of}
	return verb.Noun("isns", "iSNS servers: they name targets and their portals", manual.ISNS,
		c.add(), c.list(), c.refresh(), c.remove(), c.query())
}

// withAsking opens the registry for a verb that asks servers of it.
func (c *command) withAsking(ctx context.Context, a app.Access, f *flags.ISNS, use func(*registry.Service) error) error {
	d := c.NewDiscoverer(&f.Run)
	return c.Capture(&f.Run, d, func() error {
		return c.WithService(ctx, a, d, func(s *registry.Service) error {
			if err := c.UseDefaultName(ctx, s, d); err != nil {
				return err
			}
			return use(s)
		})
	})
}
