package fleetverbs

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// manSection is the section of the manual that has the commands of users.
const manSection = "1"

// help returns the verb that prints the help of another.
func (c *command) help() *cobra.Command {
	return &cobra.Command{
		Use: "help [VERB...]", Short: "print all help of a verb", Long: "Print all help of a verb of discover fleet.",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, err := find(cmd.Root(), args)
			if err != nil {
				return err
			}
			return c.print(c.page(about).Long())
		},
	}
}

// writeHelp prints what -h or --help asked for.
func (c *command) writeHelp(cmd *cobra.Command) error {
	path := flags.PathOf(cmd)
	switch {
	case c.long || path == "":
		return c.print(c.page(cmd).Long())
	case cmd.HasAvailableSubCommands():
		return c.print(c.page(cmd).Short("The help of a verb: discover " + path + " VERB -h"))
	}
	return c.print(c.page(cmd).Short("discover help " + path + ": everything"))
}

// man returns the verb that prints man pages.
func (c *command) man() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use: "man [FLAGS] [VERB...]", Short: "print man pages, or write all of them to a folder", Long: "Print the man page of a verb of discover fleet.",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, err := find(cmd.Root(), args)
			switch {
			case err != nil:
				return err
			case folder != "" && len(args) > 0:
				return exit.Usagef("--dir writes the pages of all verbs: leave out VERB")
			case folder != "":
				return c.savePages(about, folder)
			}
			return c.print(c.roff(about))
		},
	}
	where := flags.NewSet()
	where.Var(flags.NewText(&folder, "DIR"), "dir", "write all pages to files in this folder, in the place of older ones")
	c.AddFlags(cmd, flags.NewGroup("The pages", where))
	return cmd
}

// find returns the verb that words name; without words it is the noun, which may also be
// among them.
func find(root *cobra.Command, words []string) (*cobra.Command, error) {
	at, _, err := root.Find([]string{noun})
	if err != nil {
		return nil, err
	}
	if len(words) > 0 && words[0] == noun {
		words = words[1:]
	}
	for _, word := range words {
		next := below(at, word)
		if next == nil {
			return nil, exit.Usagef("there is no manual for %s%s; see discover help %s", wording.Quoted(flags.Below(at, word)), flags.DidYouMean(word, flags.VerbsOf(at)), flags.PathOf(at))
		}
		at = next
	}
	return at, nil
}

func below(at *cobra.Command, word string) *cobra.Command {
	for _, sub := range at.Commands() {
		if sub.Name() == word || sub.HasAlias(word) {
			return sub
		}
	}
	return nil
}

// page returns the help of a verb.
func (c *command) page(cmd *cobra.Command) *help.Page {
	p := help.Of(cmd, c.Groups[cmd], cmd.Root().PersistentFlags())
	p.Guides = []help.Topic{{Name: noun, Man: "discover-fleet(" + help.GuideSection + ")", Title: "A fleet of hosts"}}
	return p
}

// roff returns the man page of a verb.
func (c *command) roff(cmd *cobra.Command) string {
	return c.page(cmd).Roff(manSection, help.Build{Version: app.Version(), Time: app.Committed()})
}

// savePages writes the pages of a verb and of all below it to a folder.
func (c *command) savePages(cmd *cobra.Command, folder string) error {
	name := c.page(cmd).FileName(manSection)
	if err := c.Save(filepath.Join(folder, name), []byte(c.roff(cmd))); err != nil {
		return exit.Usagef("--dir %s: %s", wording.Quoted(folder), wording.ReasonOnly(err))
	}
	for _, sub := range cmd.Commands() {
		if err := c.savePages(sub, folder); err != nil {
			return err
		}
	}
	return nil
}
