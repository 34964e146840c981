package fleetverbs

import (
	"context"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/fleetflags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/registrypipe"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// serveRegistry opens the registry in etcd below a prefix for discover, which has started
// this process, and does for it what it asks for on standard input. It returns the exit
// status. What goes wrong in opening it is told to discover, which says it. An interrupt from
// the terminal is for discover, which ends this process after what is under way.
func serveRegistry(ctx context.Context, prefix string, w *machine.Env) int {
	open := func(ctx context.Context) (registry.Store, error) { return fleetflags.OpenRegistry(ctx, w, prefix) }
	if err := registrypipe.Serve(context.WithoutCancel(ctx), open, w.Stdin, w.Stdout); err != nil {
		return exit.Failed
	}
	return exit.OK
}
