package verbs

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/fleetprogram"
	"github.com/go-iscsi/discovery/cmd/discover/internal/hostverbs"
	"github.com/go-iscsi/discovery/cmd/discover/internal/ipsecverbs"
	"github.com/go-iscsi/discovery/cmd/discover/internal/isnsverbs"
	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/openiscsi"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/discover/internal/windows"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// A command is one run of discover, as the verbs see it.
type command struct {
	*app.Command
	helpErr  error // why the help that -h or --help asked for was not written
	longHelp bool  // all of it is asked for
}

// Run is the whole command. It returns the exit status.
func Run(ctx context.Context, args []string, w machine.Env) int {
	ctx, stop := exit.WithCancellation(ctx)
	defer stop()
	kind, _ := w.LookupEnv("TERM")
	line := &terminal.StatusLine{W: w.Stderr, Terminal: w.Terminal, Plain: kind == "dumb"}
	w.Stderr, w.Ask = line, line.Asking(w.Ask)
	c := &command{Command: &app.Command{Env: w, Line: line, Groups: make(map[*cobra.Command][]flags.Group)}}
	root := c.root()
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return c.Exit(c.complete(ctx, root, args[1:], args[0] == cobra.ShellCompRequestCmd))
	}
	if own, ok, err := c.iscsiadmArguments(root, args); ok || err != nil {
		if err == nil {
			err = openiscsi.Run(ctx, c.Command, own)
		}
		return c.Exit(err)
	}
	if own, ok := fleetArguments(root, args); ok {
		if fleetprogram.IsMissing(&c.Env) && asksForHelp(own) {
			c.longHelp = asksForAll(own)
			return c.Exit(c.writeHelp(verb.Find(root, fleetprogram.Name)))
		}
		return c.Exit(fleetprogram.Run(ctx, c.Command, own))
	}
	args, err := verbFirst(root, args)
	if err == nil {
		if len(args) > 0 && args[0] == "iscsicli" {
			args = windows.WithQuestions(args)
		}
		root.SetArgs(args)
		c.longHelp = asksForAll(args)
		if err = root.ExecuteContext(ctx); err == nil {
			err = c.helpErr
		}
	}
	return c.Exit(err)
}

// root returns the command tree.
func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "discover",
		Short:             "ask iSCSI target portals which targets they offer",
		Long:              manual.Root,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if v, _ := cmd.Flags().GetBool("version"); v {
				return c.printVersion(cmd)
			}
			return exit.Usagef("a verb is missing: try discover scan PORTAL, or see discover help")
		},
	}
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	root.SetFlagErrorFunc(flags.Explain)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { c.helpErr = c.writeHelp(cmd) })
	root.Flags().Bool("version", false, "print the version")

	root.PersistentFlags().SortFlags = false
	root.PersistentFlags().AddFlagSet(c.Global.FlagSet(c.UsualRegistry()))
	_ = root.RegisterFlagCompletionFunc("output", completeOutput)

	help := c.help()
	root.AddCommand(c.scan(), c.portal(), c.target(), c.watch(), c.paths(), hostverbs.Instance(c.Command), hostverbs.Initiator(c.Command), hostverbs.Port(c.Command), isnsverbs.Verb(c.Command), fleetprogram.Verb(c.Command), ipsecverbs.Verb(c.Command), hostverbs.Registry(c.Command), windows.Verb(c.Command), openiscsi.Verb(c.Command), openiscsi.ExportVerb(c.Command), c.completion(), c.man(), c.version(), help)
	root.SetHelpCommand(help)
	return root
}

// ISCSIADM is the verb whose arguments are those of open-iscsi's tool.
const ISCSIADM = "iscsiadm"

// iscsiadmArguments returns the arguments of that verb, as they are: its flags are not
// ours. Flags of each verb may stand before it. false: another verb is asked for.
func (c *command) iscsiadmArguments(root *cobra.Command, args []string) ([]string, bool, error) {
	i := verbIndex(root, args)
	if i < 0 || args[i] != ISCSIADM {
		return nil, false, nil
	}
	if i == 0 {
		return args[1:], true, nil
	}
	if err := root.PersistentFlags().Parse(args[:i]); err != nil {
		return nil, true, root.FlagErrorFunc()(root, err)
	}
	if c.Global.Output != render.FormatTable {
		return nil, true, exit.Usagef("discover iscsiadm prints what open-iscsi's tool prints: leave out -o before it, or use a verb such as discover scan -o json")
	}
	return args[i+1:], true, nil
}

// fleetArguments returns the arguments of discover fleet as discover-fleet takes them: flags
// before the verb go behind it. false: another verb is asked for.
func fleetArguments(root *cobra.Command, args []string) ([]string, bool) {
	i := verbIndex(root, args)
	if i < 0 || args[i] != fleetprogram.Name {
		return nil, false
	}
	return slices.Concat(args[:i], args[i+1:]), true
}
