package main

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// withAsking is withService for a verb that asks portals.
func (c *command) withAsking(ctx context.Context, a access, r *runFlags, use func(*initiator.Service) error) error {
	if err := r.check(); err != nil {
		return err
	}
	d := c.discoverer(r)
	return c.capturing(r, d, func() error { return c.withService(ctx, a, d, use) })
}
