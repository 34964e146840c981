package verbs

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/fleetprogram"
	"github.com/go-iscsi/discovery/cmd/discover/internal/guides"
	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// manSection is the section of the manual that has the commands of users.
const manSection = "1"

// man returns the verb that prints man pages.
func (c *command) man() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:         "man [FLAGS] [VERB... | guide NAME]",
		Short:       "print man pages, or write all of them to a folder",
		Long:        manual.Man,
		Annotations: map[string]string{flags.Refused: "output"},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return offerManuals(cmd.Root(), args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Global.Output != render.FormatTable {
				return exit.Usagef("man prints pages for the program man: leave out -o")
			}
			if folder != "" && len(args) > 0 {
				return exit.Usagef("--dir writes the pages of all verbs and guides: leave out VERB")
			}
			if len(args) == 1 && args[0] == guideWord {
				return exit.Usagef("man guide needs the name of a guide; see discover help guide")
			}
			if c.ofFleet(args) {
				return fleetprogram.Run(cmd.Context(), c.Command, append([]string{cmd.Name()}, args[1:]...))
			}
			flags.DescribeRegistry(cmd.Root().PersistentFlags(), machine.UsualRegistries)
			if folder != "" {
				return c.saveManual(cmd.Root(), folder)
			}
			about, guide, err := manualOf(cmd.Root(), args)
			if err != nil {
				return err
			}
			build := help.Build{Version: app.Version(), Time: app.Committed()}
			if guide != nil {
				_, err = io.WriteString(c.Stdout, guide.Roff(build))
			} else {
				_, err = io.WriteString(c.Stdout, c.page(about).Roff(manSection, build))
			}
			return err
		},
	}
	where := flags.NewSet()
	where.Var(flags.NewText(&folder, "DIR"), "dir", "write all pages to files in this folder, in the place of older ones; guides in man7 beside it, if it is named man1")
	c.AddFlags(cmd, flags.NewGroup("The pages", where))
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

// saveManual writes all pages to files: those of verbs to a folder, and those of guides to
// the folder of their section beside it, or to the same one if it is not that of a section.
func (c *command) saveManual(root *cobra.Command, folder string) error {
	build := help.Build{Version: app.Version(), Time: app.Committed()}
	n, err := c.saveManPages(root, folder, build)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.Stdout, "wrote %d man pages to %s\n", n, terminal.Escape(folder)); err != nil {
		return err
	}
	ofGuides := folder
	if whole, err := filepath.Abs(folder); err == nil && filepath.Base(whole) == "man"+manSection {
		ofGuides = filepath.Join(folder, "..", "man"+help.GuideSection)
	}
	all := guides.All()
	for _, t := range all {
		g := t.Guide(root)
		if err := c.saveManPage(ofGuides, g.FileName(), g.Roff(build)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(c.Stdout, "wrote %d man pages to %s\n", len(all), terminal.Escape(ofGuides))
	return err
}

// saveManPages writes the pages of a verb and of all below it to a folder. It returns how
// many.
func (c *command) saveManPages(cmd *cobra.Command, folder string, build help.Build) (n int, err error) {
	p := c.page(cmd)
	if err := c.saveManPage(folder, p.FileName(manSection), p.Roff(manSection, build)); err != nil {
		return 0, err
	}
	n = 1
	for _, sub := range cmd.Commands() {
		if sub.Hidden {
			continue
		}
		more, err := c.saveManPages(sub, folder, build)
		if err != nil {
			return n, err
		}
		n += more
	}
	return n, nil
}

// saveManPage writes a page to a file.
func (c *command) saveManPage(folder, name, page string) error {
	if err := c.Save(filepath.Join(folder, name), []byte(page)); err != nil {
		return fmt.Errorf("--dir %s: %s", wording.Quoted(folder), wording.ReasonOnly(err))
	}
	return nil
}
