package verbs

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/fleetprogram"
	"github.com/go-iscsi/discovery/cmd/discover/internal/guides"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/discover/internal/windows"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
)

// verbGroups are the verbs by what they are used for, in the order of the overview.
func verbGroups() []verbGroup {
	return []verbGroup{
		{"Ask portals", []string{"scan", "watch", "isns"}},
		{"What is known", []string{"portal", "target", "paths", "fleet"}},
		{"This host", []string{"initiator", "instance", "port", "registry"}},
		{"IPsec", []string{"ipsec"}},
		{"For other tools", []string{"export", "iscsiadm", "iscsicli"}},
		{"About discover", []string{"completion", "help", "man", "version"}},
	}
}

// A verbGroup is the names of verbs under a headline.
type verbGroup struct {
	title string
	verbs []string
}

// help returns the verb that prints the help of another.
func (c *command) help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB... | guide NAME]",
		Short: "print all help of a verb, or a guide",
		Long: `discover help prints the help of a verb, or without VERB the overview. The flag -h
prints the most important part of it, on one screen. The same text as man pages:
discover help man.

With guide NAME it prints a guide, and with guide alone the names of all. The word
guide may be left out before a name that is not that of a verb.

Examples:
  discover help scan
  discover help portal add
  discover scan -h
  discover help guide systemd`,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if about, err := verbOf(cmd.Root(), args); err == nil && about.Name() == "iscsicli" {
				return windows.VerbOffers(), cobra.ShellCompDirectiveNoFileComp
			}
			return offerManuals(cmd.Root(), args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 && args[0] == "iscsicli" {
				return windows.Help(c.Command, args[1])
			}
			if c.ofFleet(args) {
				return fleetprogram.Run(cmd.Context(), c.Command, append([]string{cmd.Name()}, args[1:]...))
			}
			about, guide, err := manualOf(cmd.Root(), args)
			var text string
			switch {
			case len(args) == 1 && args[0] == guideWord:
				text, err = listGuides(), nil
			case err != nil:
				return err
			case guide != nil:
				text = guide.Long()
			default:
				text = c.page(about).Long()
			}
			_, err = io.WriteString(c.Stdout, text)
			return err
		},
	}
}

// ofFleet reports that the words behind help and man name discover fleet or a verb of it,
// and that the program which has their pages is there. Without it only the page of the noun
// itself is known.
func (c *command) ofFleet(words []string) bool {
	return len(words) > 0 && words[0] == fleetprogram.Name && (len(words) > 1 || !fleetprogram.IsMissing(&c.Env))
}

// writeHelp prints what -h or --help asked for.
func (c *command) writeHelp(cmd *cobra.Command) error {
	if words := cmd.Flags().Args(); cmd.Name() == "iscsicli" && len(words) > 0 {
		return windows.Help(c.Command, words[0]) // the verb of the tool before -h
	}
	text := c.page(cmd).Long()
	if !c.longHelp {
		path := flags.PathOf(cmd)
		more := "discover help " + path + ": everything"
		switch {
		case path == "":
			more = "The help of a verb: discover scan -h, or all of it: discover help scan"
		case cmd.HasAvailableSubCommands():
			more = "The help of a verb: discover " + path + " VERB -h"
		}
		text = c.page(cmd).Short(more)
	}
	_, err := io.WriteString(c.Stdout, text)
	return err
}

// asksForAll reports whether a command line asks for the long help: by --help, and not by
// -h alone.
func asksForAll(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.ContainsFunc(args, func(a string) bool { return a == "--help" || strings.HasPrefix(a, "--help=") })
}

// asksForHelp reports whether a command line asks for help, short or long.
func asksForHelp(args []string) bool { return asksForAll(args) || slices.Contains(args, "-h") }

// page returns the help of a verb.
func (c *command) page(cmd *cobra.Command) *help.Page {
	root := cmd.Root()
	p := help.Of(cmd, c.Groups[cmd], root.PersistentFlags())
	p.Guides = topics(guides.About(cmd))
	if cmd != root {
		return p
	}
	p.Guides, p.Topics = nil, p.Guides
	p.Usage = []string{"discover VERB [FLAGS] ..."}
	for _, g := range verbGroups() {
		group := help.Group{Title: g.title}
		for _, name := range g.verbs {
			if v := verb.Find(root, name); v != nil {
				group.Verbs = append(group.Verbs, help.Verb{Name: name, Summary: v.Short})
			}
		}
		p.Verbs = append(p.Verbs, group)
	}
	return p
}
