// Command discover-fleet is discover fleet: what many hosts see, as they tell each other
// through etcd. It is a program of its own so that discover itself starts as quickly without
// etcd's client. docs/guide/fleet.md has the rest.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover-fleet/internal/fleetverbs"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

func main() {
	cobra.MousetrapHelpText = "" // started from Windows' Explorer it is the same command
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second one kills
	os.Exit(fleetverbs.Run(ctx, os.Args[1:], machine.Real()))
}
