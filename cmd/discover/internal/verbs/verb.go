package verbs

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
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
		name := args[i]
		next := verb.Find(at, name)
		if next == nil && i > 0 && isFlag(args[i-1]) && !isKnown(at, args[i-1]) {
			return nil, flags.Unknown(at, args[i-1]) // whose value stands here, perhaps
		}
		if next == nil {
			return nil, verb.Unknown(at, name, args[i+1:])
		}
		path, args, at = append(path, next.Name()), slices.Delete(args, i, i+1), next
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
		case !isFlag(a):
			return i
		case takesNext(at, a):
			i++
		}
	}
	return -1
}

func isFlag(arg string) bool { return strings.HasPrefix(arg, "-") && arg != "-" }

// isKnown reports a flag of at, of a verb below it or of each verb.
func isKnown(at *cobra.Command, arg string) bool {
	name, long := strings.CutPrefix(arg, "--")
	name, _, _ = strings.Cut(name, "=")
	return slices.ContainsFunc(flagsBelow(at), func(fs *pflag.FlagSet) bool {
		return long && fs.Lookup(name) != nil || !long && fs.ShorthandLookup(arg[1:2]) != nil
	})
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
