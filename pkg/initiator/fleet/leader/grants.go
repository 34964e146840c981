package leader

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
)

// grant grants shards of shared scans until ctx ends. What fails there is told to the
// goroutine of Run.
func (t *term) grant(ctx context.Context) {
	g := &sweep.Granter{Client: t.cfg.Client, Keys: t.cfg.Keys, Fence: t.Fence(), Report: func(err error) {
		select {
		case t.grants <- err:
		case <-ctx.Done():
		}
	}}
	g.Run(ctx)
}
