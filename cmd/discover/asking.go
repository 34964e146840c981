package main

import (
	"context"

	"github.com/go-iscsi/discovery/cmd/discover/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// withAsking is withService for a verb that asks portals.
func (c *Command) withAsking(ctx context.Context, a access, r *flags.Run, i *flags.IPsec, use func(*registry.Service) error) error {
	if err := r.Check(); err != nil {
		return err
	}
	d := c.discoverer(r)
	return c.capturing(r, d, func() error {
		return c.withService(ctx, a, d, func(s *registry.Service) error {
			if err := c.useDefaultName(ctx, s, d); err != nil {
				return err
			}
			if !c.global.DryRun {
				mayUse, err := s.MayUseIPsec(ctx)
				if err != nil {
					return err
				}
				c.secure(d, i, mayUse)
			}
			return use(s)
		})
	})
}
