// Command discover asks iSCSI target portals which targets are behind them.
//
// The rules of its voice: results go to standard output, in one line each or as
// JSON; everything else goes to standard error, one line that begins with
// "discover: ", in lower case, without a full stop, with a hint where a mistake
// is likely. What a target sent reaches neither of them unescaped, and no error
// repeats what may be a secret. docs/reference has the rest.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verbs"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

func main() {
	if _, set := os.LookupEnv(machine.PaceSetting); !set {
		machine.PaceCollections()
	}
	cobra.MousetrapHelpText = "" // started from Windows' Explorer it is the same command
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second one kills
	os.Exit(verbs.Run(ctx, arguments(os.Args), machine.Real()))
}

// arguments returns the command line after the program's name. Called as iscsiadm, by a
// link, the program is that verb.
func arguments(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	if strings.TrimSuffix(filepath.Base(args[0]), ".exe") == verbs.ISCSIADM {
		return append([]string{verbs.ISCSIADM}, args[1:]...)
	}
	return args[1:]
}
