package app

import (
	"context"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// WithAsking opens the registry for a verb that asks portals: with the run's limits, the
// capture, the default name and the enforcer of IPsec.
func (c *Command) WithAsking(ctx context.Context, a Access, r *flags.Run, i *flags.IPsec, use func(*registry.Service) error) error {
	if err := r.Check(); err != nil {
		return err
	}
	d := c.NewDiscoverer(r)
	return c.Capture(r, d, func() error {
		return c.WithService(ctx, a, d, func(s *registry.Service) error {
			if err := c.UseDefaultName(ctx, s, d); err != nil {
				return err
			}
			if !c.Global.DryRun {
				mayUse, err := s.MayUseIPsec(ctx)
				if err != nil {
					return err
				}
				c.Secure(d, i, mayUse)
			}
			if c.Draws || c.Global.DryRun {
				return use(s)
			}
			return c.withProgress(ctx, d, func() error { return use(s) })
		})
	})
}
