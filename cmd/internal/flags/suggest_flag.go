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
func otherTools() map[string]string {
	return map[string]string{
		"format": "--output", "out": "--output",
		"user": "--chap-user", "username": "--chap-user", "login": "--chap-user", "chap-username": "--chap-user", "chap-name": "--chap-user",
		"pass": "--chap-secret", "password": "--chap-secret", "secret": "--chap-secret", "chap-password": "--chap-secret",
		"username-in": "--target-user", "password-in": "--target-secret", "target-password": "--target-secret",
		"port": "--tcp-port", "iqn": "--initiator-name", "initiator": "--initiator-name", "name": "--initiator-name", "source-ip": "--source", "source-address": "--source", "bind": "--source",
		"psk": "--ipsec-psk", "jobs": "--parallel", "threads": "--parallel", "concurrency": "--parallel", "interval": "--every", "debug": "--verbose",
	}
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
	if known := otherTools()[strings.ToLower(name)]; known != "" && (cmd.Flags().Lookup(known[2:]) != nil || !cmd.HasParent()) {
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

// suggestLong returns the long flag that a single dash may have been meant for, as in
// -timeout; empty: none. What may be a value is cut off and not repeated.
func suggestLong(cmd *cobra.Command, afterDash string) string {
	name, _, _ := strings.Cut(afterDash, "=")
	if f := cmd.Flags().Lookup(name); f != nil && !f.Hidden && len(name) > 1 {
		return Meant("--" + f.Name)
	}
	return ""
}

// mistakenShort returns the error of -output, of which o was taken for a flag and the rest
// for its value; nil: it was not that.
func mistakenShort(cmd *cobra.Command, f *pflag.Flag, value string) error {
	if f.Shorthand == "" {
		return nil
	}
	if meant := suggestLong(cmd, f.Shorthand+value); meant != "" {
		return machine.Usagef("unknown flag -%s%s", f.Shorthand+value, meant)
	}
	return nil
}

// Unknown returns the error of an argument that looks like a flag and is none of at or of a
// verb below it. Its value is not repeated.
func Unknown(at *cobra.Command, arg string) error {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	see := "; see " + strings.TrimSpace("discover help "+PathOf(at))
	if !strings.HasPrefix(arg, "--") {
		return machine.Usagef("unknown flag -%s%s", machine.Escape(name[:min(1, len(name))]), see)
	}
	return machine.Usagef("unknown flag --%s%s%s", machine.Escape(name), suggestFlag(at, name), see)
}
