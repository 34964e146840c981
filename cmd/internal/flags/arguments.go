package flags

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// Arguments holds a verb to a number of arguments. what is how they are called;
// empty: there are none. max -1: any number.
func Arguments(min, max int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		path := PathOf(cmd)
		switch {
		case len(args) > 0 && max == 0:
			return exit.Usagef("%s takes no arguments; see discover help %s", path, path)
		case len(args) < min:
			return exit.Usagef("%s needs %s; see discover help %s", path, what, path)
		case max >= 0 && len(args) > max:
			return exit.Usagef("%s takes one %s, but got %d arguments; see discover help %s", path, what, len(args), path)
		}
		return NotEmpty(path, what, args)
	}
}

// NotEmpty refuses an empty argument: a script whose variable is not set does not
// mean the default.
func NotEmpty(path, what string, args []string) error {
	if slices.Contains(args, "") {
		return exit.Usagef("%s: %s is empty; see discover help %s", path, what, path)
	}
	return nil
}

// VerbsOf returns the verbs below at that help shows.
func VerbsOf(at *cobra.Command) []string {
	var names []string
	for _, c := range at.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}
