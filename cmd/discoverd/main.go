// Command discoverd asks the iSCSI target portals of a registry again and again, and serves
// what it learns: metrics for Prometheus, probes, service discovery, an API of JSON and
// events, and a page. docs/guide/discoverd.md has the rest.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/daemon"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

func main() {
	cobra.MousetrapHelpText = "" // started from Windows' Explorer it is the same command
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second one kills
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	os.Exit(daemon.Run(ctx, os.Args[1:], machine.Real(), reload))
}
