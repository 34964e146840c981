package daemon

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// program is the name that begins each line on standard error.
const program = "discoverd"

// manual is what help prints.
const manual = `discoverd asks the portals of a registry again and again, and serves what it
learns over HTTP: /metrics for Prometheus, /probe?target=PORTAL, /sd, /api/v1, and a page
at /. Portals come into the registry by discover portal add; discoverd needs no
restart for them. SIGHUP, or POST /-/reload, has it read the registry again at once.

With --registry etcd:PREFIX the registry is in etcd, for an active/standby pair: of
several discoverd on it one asks the portals, and the others stand by.

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
				return exit.Usagef("discoverd takes no arguments but help, man and version: portals are those of the registry")
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
	root.SetHelpFunc(func(*cobra.Command, []string) { _ = o.print(o.page(root).Long()) })
	o.AddFlags(root, o.groups()...)
	root.Flags().SortFlags = false
	verb := func(name, short string, run func() error) *cobra.Command {
		return &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return run() }}
	}
	help := verb("help", "print this help", func() error { return o.print(o.page(root).Long()) })
	root.AddCommand(help,
		verb("man", "print this help as a man page", func() error { return o.printManPage(root) }),
		verb("version", "print the version", o.printVersion))
	root.SetHelpCommand(help)
	return root
}

// printVersion prints the version in a line.
func (o *options) printVersion() error {
	_, err := fmt.Fprintf(o.Stdout, "%s %s %s %s/%s\n", program, app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// page returns the help.
func (o *options) page(root *cobra.Command) *help.Page {
	p := help.Of(root, o.Groups[root], nil)
	p.Usage = []string{"discoverd [FLAGS]", "discoverd help", "discoverd man", "discoverd version"}
	p.SeeAlso = nil
	return p
}

// manSection is the section of the manual that has daemons.
const manSection = "8"

// printManPage prints the help as a man page, which is the same on all hosts.
func (o *options) printManPage(root *cobra.Command) error {
	flags.DescribeRegistry(root.Flags(), machine.UsualRegistries)
	return o.print(o.page(root).Roff(manSection, help.Build{Version: app.Version(), Time: app.Committed()}))
}

// print writes a text to standard output.
func (o *options) print(text string) error {
	_, err := io.WriteString(o.Stdout, text)
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
