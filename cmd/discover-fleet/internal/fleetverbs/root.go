package fleetverbs

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/fleetflags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/registrypipe"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// program is the name of the file, which version prints.
const program = "discover-fleet"

// noun is the word of discover that runs this program.
const noun = "fleet"

// A command is one run of discover fleet.
type command struct {
	*app.Command
	fleet   fleetflags.Fleet
	helpErr error // why the help that -h or --help asked for was not written
	long    bool  // all of the help is asked for
}

// Run is the whole program. Its arguments are those behind discover fleet. It returns the
// exit status.
func Run(ctx context.Context, args []string, w machine.Env) int {
	if len(args) == 2 && args[0] == registrypipe.Verb {
		return serveRegistry(ctx, args[1], &w)
	}
	ctx, stop := exit.WithCancellation(ctx)
	defer stop()
	kind, _ := w.LookupEnv("TERM")
	line := &terminal.StatusLine{W: w.Stderr, Terminal: w.Terminal, Plain: kind == "dumb"}
	w.Stderr, w.Ask = line, line.Asking(w.Ask)
	c := &command{Command: &app.Command{Env: w, Line: line, Groups: make(map[*cobra.Command][]flags.Group)}}
	if isCompletion(args) {
		line.W = io.Discard // cobra's notes about a completion
	}
	c.long = slices.Contains(args, "--help")
	root := c.root()
	root.SetArgs(belowNoun(args))
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = c.helpErr
	}
	return c.Exit(err)
}

// isCompletion reports that a shell asks what may follow.
func isCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// aboutProgram are the words that are not verbs of the fleet.
var aboutProgram = []string{"help", "man", "version"}

// belowNoun puts the noun before the arguments, so that all texts say discover fleet.
func belowNoun(args []string) []string {
	switch {
	case isCompletion(args):
		return slices.Insert(slices.Clone(args), 1, noun)
	case len(args) > 0 && slices.Contains(aboutProgram, args[0]):
		return args
	case len(args) == 1 && args[0] == "--version":
		return []string{"version"}
	}
	return append([]string{noun}, args...)
}

// root returns the command tree: that of discover, with this noun alone.
func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "discover",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	root.SetFlagErrorFunc(flags.Explain)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { c.helpErr = c.writeHelp(cmd) })
	root.PersistentFlags().SortFlags = false
	root.PersistentFlags().AddFlagSet(c.globalFlags())
	fleet := c.fleetNoun()
	help := c.help()
	root.AddCommand(fleet, help, c.man(), &cobra.Command{
		Use: "version", Short: "print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.print(fmt.Sprintf("%s %s %s %s/%s\n", program, app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH))
		},
	})
	root.SetHelpCommand(help)
	return root
}

// formats are the words of -o.
var formats = []string{render.FormatTable, render.FormatJSON, render.FormatJSONL}

// globalFlags are those of each verb.
func (c *command) globalFlags() *pflag.FlagSet {
	fs := flags.NewSet()
	all := c.Global.FlagSet(machine.UsualRegistries)
	fs.VarP(flags.NewChoice(&c.Global.Output, "FORMAT", formats), "output", "o", "table (the default), json or jsonl")
	fs.AddFlag(all.Lookup("verbose"))
	fs.AddFlag(all.Lookup("help"))
	return fs
}

// fleetNoun returns the verb fleet with all below it.
func (c *command) fleetNoun() *cobra.Command {
	cmd := c.nounOf(noun, "show what the hosts of a fleet see, and what all of them are to ask", manualFleet,
		c.hosts(), c.paths(), c.targets(), c.diff(), c.watch(), c.forget(), c.scan(), c.portal(), c.policy(), c.login())
	reach := c.fleet.FlagSet(true)
	cmd.PersistentFlags().SortFlags = false
	cmd.PersistentFlags().AddFlagSet(reach)
	addGroup(c, cmd, flags.NewGroup("The fleet", reach))
	return cmd
}

// addGroup adds a group of flags to the help of a verb and of all below it.
func addGroup(c *command, cmd *cobra.Command, g flags.Group) {
	c.Groups[cmd] = append(c.Groups[cmd], g)
	for _, sub := range cmd.Commands() {
		addGroup(c, sub, g)
	}
}

// nounOf returns a verb that only stands before others.
func (c *command) nounOf(name, short, long string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " VERB [FLAGS] ...", Short: short, Long: long, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := flags.PathOf(cmd)
			if len(args) > 0 {
				return exit.Usagef("unknown verb %s%s; see discover help %s", wording.Quoted(flags.Below(cmd, args[0])), flags.DidYouMean(strings.ToLower(args[0]), flags.VerbsOf(cmd)), path)
			}
			return exit.Usagef("%s needs a verb: %s; see discover help %s", path, flags.Alternatives(flags.VerbsOf(cmd)), path)
		},
	}
	cmd.AddCommand(verbs...)
	for _, v := range verbs {
		switch v.Name() {
		case "list":
			v.Aliases = []string{"ls"}
		case "remove":
			v.Aliases = []string{"rm"}
		}
	}
	return cmd
}

// print writes a text to standard output.
func (c *command) print(text string) error {
	_, err := io.WriteString(c.Stdout, text)
	return err
}
