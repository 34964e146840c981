package verb

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
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

// Noun returns a verb that only stands before others: portal, target, …
func Noun(name, short, long string, verbs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:               name + " VERB [FLAGS] ...",
		Short:             short,
		Long:              long,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path := flags.PathOf(cmd)
			return exit.Usagef("%s needs a verb: %s; see discover help %s", path, flags.Alternatives(flags.VerbsOf(cmd)), path)
		},
	}
	cmd.AddCommand(verbs...)
	return cmd
}

// TargetArguments is [flags.Arguments] of a verb that takes names of targets, or patterns. No name
// has what tools put around a password, so an argument that does is refused, and is not
// repeated.
func TargetArguments(min, max int, what string) cobra.PositionalArgs {
	count := flags.Arguments(min, max, what)
	return func(cmd *cobra.Command, args []string) error {
		for i, arg := range args {
			if sweep.MayHoldSecret(arg) {
				return exit.Usagef("argument %d is not the name of a target: URLs and user names are not accepted; see discover help %s", i+1, flags.PathOf(cmd))
			}
		}
		return count(cmd, args)
	}
}

// Both holds a verb to two arguments.
func Both(first, second string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		path := flags.PathOf(cmd)
		switch {
		case len(args) < 1:
			return exit.Usagef("%s needs %s and %s; see discover help %s", path, first, second, path)
		case len(args) < 2:
			return exit.Usagef("%s also needs %s; see discover help %s", path, second, path)
		case len(args) > 2:
			return exit.Usagef("%s takes %s and %s, but got %d arguments; see discover help %s", path, first, second, len(args), path)
		}
		return flags.NotEmpty(path, first+" or "+second, args)
	}
}
