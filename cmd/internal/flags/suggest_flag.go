package flags

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// ofOtherTools returns what a flag of other tools is here; empty: it is not known. Only what
// is a flag of the verb is suggested, and never with a value.
func ofOtherTools(name string) string {
	switch name {
	case "format", "out":
		return "output"
	case "user", "username", "login", "chap-username", "chap-name":
		return "chap-user"
	case "pass", "password", "secret", "chap-password":
		return "chap-secret"
	case "username-in":
		return "target-user"
	case "password-in", "target-password":
		return "target-secret"
	case "port":
		return "tcp-port"
	case "iqn", "initiator", "name":
		return "initiator-name"
	case "source-ip", "source-address", "bind":
		return "source"
	case "psk":
		return "ipsec-psk"
	case "jobs", "threads", "concurrency":
		return "parallel"
	case "interval":
		return "every"
	case "debug":
		return "verbose"
	}
	return ""
}

// suggestFlag returns what an unknown flag may have been meant to be, as the end of an
// error; empty: nothing is known.
func suggestFlag(cmd *cobra.Command, name string) string {
	if f := cmd.Flags().Lookup(name); f != nil && !f.Hidden { // what stood behind it was cut off
		return Meant("--" + name + " " + f.Value.Type())
	}
	if owners := flagOwners(cmd.Root(), name); len(owners) > 0 {
		last := len(owners) - 1
		if last > 0 {
			owners = []string{strings.Join(owners[:last], ", "), owners[last]}
		}
		return ", which belongs to " + strings.Join(owners, " and ")
	}
	if word, ok := Word(name, render.Formats); ok {
		return Meant("-o " + word)
	}
	if known := ofOtherTools(strings.ToLower(name)); known != "" && (cmd.Flags().Lookup(known) != nil || !cmd.HasParent()) {
		return Meant("--" + known)
	}
	return DidYouMean("--"+strings.ToLower(name), flagNames(cmd))
}

// maxOwners is how many verbs are named that have a flag.
const maxOwners = 4

// flagOwners returns the verbs that have a flag, as far as there are not too many.
func flagOwners(root *cobra.Command, name string) (owners []string) {
	var visit func(at *cobra.Command)
	visit = func(at *cobra.Command) {
		for _, sub := range at.Commands() {
			visit(sub)
		}
		if f := at.LocalFlags().Lookup(name); f != nil && !f.Hidden && at != root && !at.Hidden {
			owners = append(owners, PathOf(at))
		}
	}
	visit(root)
	slices.Sort(owners)
	if i := slices.Index(owners, "scan"); i > 0 {
		owners = slices.Insert(slices.Delete(owners, i, i+1), 0, "scan")
	}
	if len(owners) > maxOwners {
		owners = append(owners[:maxOwners-1], "other verbs")
	}
	return owners
}

// singleDash returns the error of a flag with one dash that has two, as -timeout; nil: it is
// not that. What may be a value is cut off and not repeated.
func singleDash(cmd *cobra.Command, afterDash string) error {
	name := nameOnly(afterDash)
	f := cmd.Flags().Lookup(name)
	if len(name) > 1 && f == nil {
		f = cmd.Root().PersistentFlags().Lookup(name)
	}
	if len(name) < 2 || (f == nil || f.Hidden) && (cmd.HasParent() || flagOwners(cmd.Root(), name) == nil) {
		return nil
	}
	return exit.Usagef("unknown flag -%s%s; see %s", name, Meant("--"+name), manualOf(cmd))
}

// mistakenShort is singleDash where the first letter is a flag, so that the rest was taken
// for its value: -output.
func mistakenShort(cmd *cobra.Command, f *pflag.Flag, value string) error {
	if f.Shorthand == "" {
		return nil
	}
	return singleDash(cmd, f.Shorthand+value)
}

// manualOf says where the manual of a verb is.
func manualOf(cmd *cobra.Command) string {
	return cmd.Root().Name() + " help" + Spaced(PathOf(cmd))
}

// Unknown returns the error of an argument that looks like a flag and is none of at or of a
// verb below it; known says that its first letter is one. nil: it may be a flag. Its value
// is not repeated.
func Unknown(at *cobra.Command, arg string, known bool) error {
	name, long := strings.CutPrefix(arg, "--")
	name = nameOnly(name)
	if long && !known {
		return exit.Usagef("unknown flag --%s%s; see %s", terminal.Escape(name), suggestFlag(at, name), manualOf(at))
	}
	if err := singleDash(at, arg[1:]); err != nil || known {
		return err
	}
	return exit.Usagef("unknown flag %s; see %s", terminal.Escape(arg[:2]), manualOf(at))
}

// nameOnly cuts what may be a value off the name of an unknown flag: --chap-secret:VALUE, or
// both as one word in quotes.
func nameOnly(s string) string {
	if end := strings.IndexAny(s, "=: \t"); end >= 0 {
		return s[:end]
	}
	return s
}
