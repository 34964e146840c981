package main

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// withAsking is withService for a verb that asks portals.
func (c *Command) withAsking(ctx context.Context, a access, r *runFlags, i *ipsecFlags, use func(*registry.Service) error) error {
	if err := r.check(); err != nil {
		return err
	}
	d := c.discoverer(r)
	return c.capturing(r, d, func() error {
		return c.withService(ctx, a, d, func(s *registry.Service) error {
			if err := c.useDefaultName(ctx, s, d); err != nil {
				return err
			}
			if !c.global.dryRun {
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
