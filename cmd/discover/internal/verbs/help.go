package verbs

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/discover/internal/windows"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// verbGroups are the verbs by what they are used for, in the order of the overview.
func verbGroups() []verbGroup {
	return []verbGroup{
		{"Ask portals", []string{"scan", "watch"}},
		{"What is known", []string{"portal", "target", "paths"}},
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
		Use:   "help [VERB...]",
		Short: "print all help of a verb",
		Long: `discover help prints the help of a verb, or without VERB the overview. The flag -h
prints the most important part of it, on one screen. The same text as man pages:
discover help man.

Examples:
  discover help scan
  discover help portal add
  discover scan -h`,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			about, err := verbOf(cmd.Root(), args)
			switch {
			case err == nil && about.Name() == "iscsicli":
				names = windows.VerbOffers()
			case err == nil:
				for _, c := range about.Commands() {
					if !c.Hidden {
						names = append(names, c.Name()+"\t"+c.Short)
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 && args[0] == "iscsicli" {
				return windows.Help(c.Command, args[1])
			}
			about, err := verbOf(cmd.Root(), args)
			if err != nil {
				return err
			}
			_, err = io.WriteString(c.Stdout, c.page(about).Long())
			return err
		},
	}
}

// verbOf finds the verb of a page.
func verbOf(at *cobra.Command, words []string) (*cobra.Command, error) {
	for _, word := range words {
		next := verb.Find(at, word)
		if next == nil {
			return nil, machine.Usagef("there is no manual for %s%s; see discover help%s", machine.Quoted(flags.Below(at, word)), verb.Suggest(at, word, nil), flags.Spaced(flags.PathOf(at)))
		}
		at = next
	}
	return at, nil
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

// page returns the help of a verb.
func (c *command) page(cmd *cobra.Command) *help.Page {
	root := cmd.Root()
	p := help.Of(cmd, c.Groups[cmd], root.PersistentFlags())
	if cmd != root {
		return p
	}
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
