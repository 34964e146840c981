package daemon

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// program is the name that begins each line on standard error.
const program = "discoverd"

// manual is what help prints.
const manual = `discoverd asks the portals of a registry again and again, and serves what it
learns over HTTP: /metrics for Prometheus, /probe?target=PORTAL, /sd, /api/v1, and a page
at /. Portals come into the registry by discover portal add; discoverd needs no
restart for them. SIGHUP, or POST /-/reload, has it read the registry again at once.

It listens on loopback. Before it listens elsewhere, give it TLS and users with
--web.config.file, and its names with --host.`

// Run is the whole command. It returns the exit status. Each value of reload has the
// registry read again.
func Run(ctx context.Context, args []string, w machine.Env, reload <-chan os.Signal) int {
	c := &app.Command{Env: w, Groups: make(map[*cobra.Command][]flags.Group), Program: program}
	d := &options{Command: c}
	root := d.root(reload)
	root.SetArgs(args)
	return c.Exit(root.ExecuteContext(ctx))
}

// root returns the command.
func (o *options) root(reload <-chan os.Signal) *cobra.Command {
	root := &cobra.Command{
		Use:               program,
		Short:             "ask the portals of a registry again and again, and serve what is learned",
		Long:              manual,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return machine.Usagef("discoverd takes no arguments but version and help: portals are those of the registry")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if v, _ := cmd.Flags().GetBool("version"); v {
				return o.printVersion()
			}
			if err := o.understand(cmd.Context()); err != nil {
				return err
			}
			return o.run(cmd.Context(), reload)
		},
	}
	root.SetOut(o.Stdout)
	root.SetErr(o.Stderr)
	root.SetFlagErrorFunc(flags.Explain)
	root.SetHelpFunc(func(*cobra.Command, []string) { _ = o.writeManual(root) })
	o.AddFlags(root, o.groups()...)
	root.Flags().SortFlags = false
	version := &cobra.Command{Use: "version", Short: "print the version", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return o.printVersion() }}
	help := &cobra.Command{Use: "help", Short: "print this manual", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return o.writeManual(root) }}
	root.AddCommand(version, help)
	root.SetHelpCommand(help)
	return root
}

// printVersion prints the version in a line.
func (o *options) printVersion() error {
	_, err := fmt.Fprintf(o.Stdout, "%s %s %s %s/%s\n", program, app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// writeManual prints the manual.
func (o *options) writeManual(root *cobra.Command) error {
	var b strings.Builder
	b.WriteString(manual + "\n\nUsage:\n  discoverd [FLAGS]\n  discoverd version\n")
	for _, g := range o.Groups[root] {
		flags.WriteGroup(&b, g)
	}
	_, err := io.WriteString(o.Stdout, b.String())
	return err
}

// some returns those flags of a set that are named.
func some(from *pflag.FlagSet, names ...string) *pflag.FlagSet {
	fs := flags.NewSet()
	for _, name := range names {
		fs.AddFlag(from.Lookup(name))
	}
	return fs
}
