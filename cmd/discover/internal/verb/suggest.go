package verb

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// synonym returns the verb for a word of other tools; empty: none is known.
func synonym(word string) string {
	switch word {
	case "discover", "discovery", "sendtargets", "find", "probe", "query":
		return "scan"
	case "delete", "del":
		return "remove"
	case "show", "get":
		return "list"
	case "create", "new":
		return "add"
	case "update":
		return "refresh"
	case "monitor":
		return "watch"
	}
	return alias(word)
}

// Unknown is the error of a word that is no verb below at. rest is what stands after it.
func Unknown(at *cobra.Command, word string, rest []string) error {
	see := "; see " + strings.TrimSpace("discover help "+flags.PathOf(at))
	if sweep.MayHoldSecret(word) {
		return exit.Usagef("an argument stands where a verb goes: try discover scan PORTAL%s", see)
	}
	return exit.Usagef("unknown verb %s%s%s", wording.Quoted(flags.Below(at, word)), Suggest(at, word, rest), see)
}

// Suggest returns which verbs a word may have been meant for, as the end of an error;
// empty: none is known.
func Suggest(at *cobra.Command, word string, rest []string) string {
	if !at.HasParent() && IsAddress(word) {
		return flags.Meant("scan " + word)
	}
	lower := strings.ToLower(word)
	meant := []string{lower, synonym(lower)}
	var found []string
	for _, m := range meant {
		if c := Find(at, m); c != nil && !c.Hidden {
			found = append(found, c.Name())
		}
	}
	if len(found) == 0 && !at.HasParent() {
		found = belowNouns(at, meant, rest)
	}
	if len(found) > 0 {
		return flags.Meant(found...)
	}
	return flags.DidYouMean(lower, flags.VerbsOf(at))
}

// belowNouns returns the verbs of these names that stand below a noun. An argument that is
// a portal or the name of a target leaves out all others.
func belowNouns(root *cobra.Command, names, rest []string) (found []string) {
	only := ""
	for _, arg := range rest {
		switch {
		case IsAddress(arg):
			only = "portal"
		case name.Validate(arg) == nil:
			only = "target"
		}
	}
	for _, noun := range root.Commands() {
		for _, sub := range noun.Commands() {
			if !sub.Hidden && slices.Contains(names, sub.Name()) {
				found = append(found, flags.PathOf(sub))
			}
		}
	}
	ofOne := func(path string) bool { return strings.HasPrefix(path, only+" ") }
	if only != "" && slices.ContainsFunc(found, ofOne) {
		found = slices.DeleteFunc(found, func(path string) bool { return !ofOne(path) })
	}
	return found
}

// IsAddress reports an IP address, with or without a TCP port.
func IsAddress(s string) bool {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(s)
	return err == nil
}
