package verb

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
)

// alias returns the verb below a noun that a short name stands for; empty: it is none.
func alias(name string) string {
	switch name {
	case "ls":
		return "list"
	case "rm":
		return "remove"
	}
	return ""
}

// Find returns a verb below at, also by its alias; nil: there is none.
func Find(at *cobra.Command, name string) *cobra.Command {
	for _, c := range at.Commands() {
		if c.Name() == name || at.HasParent() && c.Name() == alias(name) {
			return c
		}
	}
	return nil
}

// Names returns the verbs below at that help shows.
func Names(at *cobra.Command) []string {
	var names []string
	for _, c := range at.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// Noun returns a verb that only stands before others: portal, target, …
func Noun(name, short, long string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:               name + " VERB [FLAGS] ...",
		Short:             short,
		Long:              long,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := flags.PathOf(cmd)
			return machine.Usagef("%s needs a verb: %s; see discover help %s", path, flags.Alternatives(Names(cmd)), path)
		},
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// Arguments holds a verb to a number of arguments. what is how they are called;
// empty: there are none.
func Arguments(min, max int, what string) cobra.PositionalArgs {
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
		return NotEmpty(path, what, args)
	}
}

// TargetArguments is [Arguments] of a verb that takes names of targets, or patterns. No name
// has what tools put around a password, so an argument that does is refused, and is not
// repeated.
func TargetArguments(min, max int, what string) cobra.PositionalArgs {
	count := Arguments(min, max, what)
	return func(cmd *cobra.Command, args []string) error {
		for i, arg := range args {
			if sweep.MayHoldSecret(arg) {
				return machine.Usagef("argument %d is not the name of a target: URLs and user names are not accepted; see discover help %s", i+1, flags.PathOf(cmd))
			}
		}
		return count(cmd, args)
	}
}

// NotEmpty refuses an empty argument: a script whose variable is not set does not
// mean the default.
func NotEmpty(path, what string, args []string) error {
	if slices.Contains(args, "") {
		return machine.Usagef("%s: %s is empty; see discover help %s", path, what, path)
	}
	return nil
}

// Both holds a verb to two arguments.
func Both(first, second string) cobra.PositionalArgs {
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
		return NotEmpty(path, first+" or "+second, args)
	}
}
