package verbs

import (
	"fmt"
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/windows"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// help returns the verb that prints the manual of another.
func (c *command) help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB...]",
		Short: "print the manual of a verb",
		Long:  "discover help prints the manual of a verb, or the overview.",
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
			return c.writeManual(about)
		},
	}
}

// verbOf finds the verb of a manual.
func verbOf(at *cobra.Command, words []string) (*cobra.Command, error) {
	for _, word := range words {
		next := verb.Find(at, word)
		if next == nil {
			return nil, machine.Usagef("there is no manual for %s%s; see discover help%s", machine.Quoted(flags.Below(at, word)), flags.DidYouMean(word, verb.Names(at)), flags.Spaced(flags.PathOf(at)))
		}
		at = next
	}
	return at, nil
}

// writeManual prints the manual of a verb.
func (c *command) writeManual(cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString(cmd.Long)
	b.WriteString("\n\nUsage:\n  ")
	if cmd.HasAvailableSubCommands() {
		b.WriteString("discover " + flags.Below(cmd, "VERB") + " [FLAGS] ...\n\nVerbs:\n")
		for _, sub := range cmd.Commands() {
			if !sub.Hidden {
				fmt.Fprintf(&b, "  %-18s%s\n", sub.Name(), sub.Short)
			}
		}
	} else {
		b.WriteString("discover " + strings.TrimSuffix(flags.PathOf(cmd), cmd.Name()) + cmd.Use + "\n")
	}
	for _, g := range c.Groups[cmd] {
		flags.WriteGroup(&b, g)
	}
	flags.WriteGroup(&b, flags.NewGroup("Each verb takes", cmd.Root().PersistentFlags()))
	_, err := io.WriteString(c.Stdout, b.String())
	return err
}
