package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A command is one run of discover.
type command struct {
	world
	global globalFlags
	groups map[*cobra.Command][]flagGroup // of each verb, for its manual
}

// run is the whole command. It returns the exit status.
func run(ctx context.Context, args []string, w world) int {
	ctx, stop := withCancellation(ctx)
	defer stop()
	w.stderr = &lockedWriter{w: w.stderr}
	c := &command{world: w, groups: make(map[*cobra.Command][]flagGroup)}
	root := c.root()
	args, err := verbFirst(root, args)
	if err == nil {
		root.SetArgs(args)
		err = root.ExecuteContext(ctx)
	}
	return c.exit(err)
}

// root returns the command tree.
func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "discover",
		Short:             "ask iSCSI target portals which targets are behind them",
		Long:              rootManual,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if v, _ := cmd.Flags().GetBool("version"); v {
				return c.printVersion()
			}
			return usagef("no verb: try discover scan PORTAL, or discover help")
		},
	}
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { _ = c.writeManual(cmd) })
	root.Flags().Bool("version", false, "print the version")

	root.PersistentFlags().SortFlags = false
	root.PersistentFlags().AddFlagSet(c.global.flags())
	_ = root.RegisterFlagCompletionFunc("output", complete(formats...))

	help := c.help()
	root.AddCommand(c.scan(), c.completion(), c.version(), help)
	root.SetHelpCommand(help)
	return root
}

// verbFirst moves the verb before the flags that stand before it: these may
// belong to it, and only then is known what they are.
func verbFirst(root *cobra.Command, args []string) ([]string, error) {
	i := verbIndex(root, args)
	if i < 0 {
		return args, nil
	}
	verb := args[i]
	if verb == cobra.ShellCompRequestCmd || verb == cobra.ShellCompNoDescRequestCmd {
		return args, nil
	}
	if findVerb(root, verb) == nil {
		return nil, usagef("no verb %s%s; see discover help", quoted(verb), didYouMean(verb, verbNames(root)))
	}
	moved := append([]string{verb}, args[:i]...)
	return append(moved, args[i+1:]...), nil
}

// verbIndex returns which argument is the verb; -1: none.
func verbIndex(root *cobra.Command, args []string) int {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return -1
		case !strings.HasPrefix(a, "-") || a == "-":
			return i
		case takesNext(root, a):
			i++
		}
	}
	return -1
}

// takesNext reports whether the value of a flag is the argument after it.
func takesNext(root *cobra.Command, arg string) bool {
	if strings.Contains(arg, "=") {
		return false
	}
	for _, c := range append(root.Commands(), root) {
		for _, fs := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
			if name, long := strings.CutPrefix(arg, "--"); long {
				if f := fs.Lookup(name); f != nil {
					return f.NoOptDefVal == ""
				}
			} else if f := fs.ShorthandLookup(arg[len(arg)-1:]); f != nil && len(arg) == 2 {
				return f.NoOptDefVal == ""
			}
		}
	}
	return false
}

func findVerb(root *cobra.Command, name string) *cobra.Command {
	for _, c := range root.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

func verbNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}
