package verbs

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// verbFirst moves the verb, and the one below it, before the flags that stand
// before them: these may belong to it, and only then is known what they are.
func verbFirst(root *cobra.Command, args []string) ([]string, error) {
	var path []string
	args = slices.Clone(args)
	for at := root; at.HasSubCommands(); {
		i := verbIndex(at, args)
		if i < 0 {
			break
		}
		verb := args[i]
		if verb == cobra.ShellCompRequestCmd || verb == cobra.ShellCompNoDescRequestCmd {
			break
		}
		next := findVerb(at, verb)
		if next == nil {
			return nil, machine.Usagef("unknown verb %s%s; see discover help%s", machine.Quoted(flags.Below(at, verb)), flags.DidYouMean(verb, verbNames(at)), flags.Spaced(flags.PathOf(at)))
		}
		path, args, at = append(path, verb), slices.Delete(args, i, i+1), next
	}
	return append(path, args...), nil
}

// verbIndex returns which argument is the verb below at; -1: none.
func verbIndex(at *cobra.Command, args []string) int {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return -1
		case !strings.HasPrefix(a, "-") || a == "-":
			return i
		case takesNext(at, a):
			i++
		}
	}
	return -1
}

// takesNext reports whether the value of a flag, of a verb below at or of each,
// is the argument after it.
func takesNext(at *cobra.Command, arg string) bool {
	if strings.Contains(arg, "=") {
		return false
	}
	for _, fs := range flagsBelow(at) {
		if name, long := strings.CutPrefix(arg, "--"); long {
			if f := fs.Lookup(name); f != nil {
				return f.NoOptDefVal == ""
			}
		} else if f := fs.ShorthandLookup(arg[len(arg)-1:]); f != nil && len(arg) == 2 {
			return f.NoOptDefVal == ""
		}
	}
	return false
}

// flagsBelow returns the flags of at and of all verbs below it.
func flagsBelow(at *cobra.Command) []*pflag.FlagSet {
	sets := []*pflag.FlagSet{at.Root().PersistentFlags(), at.Flags()}
	for _, sub := range at.Commands() {
		sets = append(sets, flagsBelow(sub)...)
	}
	return sets
}

func findVerb(at *cobra.Command, name string) *cobra.Command {
	for _, c := range at.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

func verbNames(at *cobra.Command) []string {
	var names []string
	for _, c := range at.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// noun returns a verb that only stands before others: portal, target, …
func (c *command) noun(name, short, long string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:               name + " VERB [FLAGS] ...",
		Short:             short,
		Long:              long,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := flags.PathOf(cmd)
			return machine.Usagef("%s needs a verb: %s; see discover help %s", path, alternatives(verbNames(cmd)), path)
		},
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// alternatives returns words as a list to choose from: a, b or c.
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// arguments holds a verb to a number of arguments. what is how they are called;
// empty: there are none.
func arguments(min, max int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		path := flags.PathOf(cmd)
		switch {
		case len(args) > 0 && max == 0:
			return machine.Usagef("%s takes no arguments; see discover help %s", path, path)
		case len(args) < min:
			return machine.Usagef("%s needs %s; see discover help %s", path, what, path)
		case max >= 0 && len(args) > max:
			return machine.Usagef("%s takes one %s, but got %d arguments; see discover help %s", path, what, len(args), path)
		}
		return notEmpty(path, what, args)
	}
}

// notEmpty refuses an empty argument: a script whose variable is not set does not
// mean the default.
func notEmpty(path, what string, args []string) error {
	if slices.Contains(args, "") {
		return machine.Usagef("%s: %s is empty; see discover help %s", path, what, path)
	}
	return nil
}

// both holds a verb to two arguments.
func both(first, second string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		path := flags.PathOf(cmd)
		switch {
		case len(args) < 1:
			return machine.Usagef("%s needs %s and %s; see discover help %s", path, first, second, path)
		case len(args) < 2:
			return machine.Usagef("%s also needs %s; see discover help %s", path, second, path)
		case len(args) > 2:
			return machine.Usagef("%s takes %s and %s, but got %d arguments; see discover help %s", path, first, second, len(args), path)
		}
		return notEmpty(path, first+" or "+second, args)
	}
}
