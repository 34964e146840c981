package flags

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
)

// otherTools has flags of other tools, and what they are here. Only what is a flag of the
// verb is suggested, and never with a value.
var otherTools = map[string]string{
	"format": "--output", "out": "--output",
	"user": "--chap-user", "username": "--chap-user", "login": "--chap-user", "chap-username": "--chap-user", "chap-name": "--chap-user",
	"pass": "--chap-secret", "password": "--chap-secret", "secret": "--chap-secret", "chap-password": "--chap-secret",
	"username-in": "--target-user", "password-in": "--target-secret", "target-password": "--target-secret",
	"port": "--tcp-port", "iqn": "--initiator-name", "initiator": "--initiator-name", "name": "--initiator-name", "source-ip": "--source", "source-address": "--source", "bind": "--source",
	"psk": "--ipsec-psk", "jobs": "--parallel", "threads": "--parallel", "concurrency": "--parallel", "interval": "--every", "debug": "--verbose",
}

// suggestFlag returns what an unknown flag may have been meant to be, as the end of an
// error; empty: nothing is known.
func suggestFlag(cmd *cobra.Command, name string) string {
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
	if known := otherTools[strings.ToLower(name)]; known != "" && (cmd.Flags().Lookup(known[2:]) != nil || !cmd.HasParent()) {
		return Meant(known)
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
	name, _, _ := strings.Cut(afterDash, "=")
	f := cmd.Flags().Lookup(name)
	if len(name) > 1 && f == nil {
		f = cmd.Root().PersistentFlags().Lookup(name)
	}
	if len(name) < 2 || (f == nil || f.Hidden) && (cmd.HasParent() || flagOwners(cmd.Root(), name) == nil) {
		return nil
	}
	return machine.Usagef("unknown flag -%s%s; see %s", name, Meant("--"+name), manualOf(cmd))
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
	name, _, _ = strings.Cut(name, "=")
	if long && !known {
		return machine.Usagef("unknown flag --%s%s; see %s", machine.Escape(name), suggestFlag(at, name), manualOf(at))
	}
	if err := singleDash(at, arg[1:]); err != nil || known {
		return err
	}
	return machine.Usagef("unknown flag %s; see %s", machine.Escape(arg[:2]), manualOf(at))
}
