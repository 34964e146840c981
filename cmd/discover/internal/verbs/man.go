package verbs

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
)

// manSection is the section of the manual that has the commands of users.
const manSection = "1"

// man returns the verb that prints man pages.
func (c *command) man() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use:         "man [FLAGS] [VERB...]",
		Short:       "print man pages, or write all of them to a folder",
		Long:        manual.Man,
		Annotations: map[string]string{flags.Refused: "output"},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			about, err := verbOf(cmd.Root(), args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return verb.Names(about), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Global.Output != render.FormatTable {
				return machine.Usagef("man prints pages for the program man: leave out -o")
			}
			if folder != "" && len(args) > 0 {
				return machine.Usagef("--dir writes the pages of all verbs: leave out VERB")
			}
			about, err := verbOf(cmd.Root(), args)
			if err != nil {
				return err
			}
			flags.DescribeRegistry(cmd.Root().PersistentFlags(), machine.UsualRegistries)
			build := help.Build{Version: app.Version(), Time: app.Committed()}
			if folder == "" {
				_, err = io.WriteString(c.Stdout, c.page(about).Roff(manSection, build))
				return err
			}
			n, err := c.saveManPages(cmd.Root(), folder, build)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.Stdout, "wrote %d man pages to %s\n", n, machine.Escape(folder))
			return err
		},
	}
	where := flags.NewSet()
	where.Var(flags.NewText(&folder, "DIR"), "dir", "write the pages of all verbs to files in this folder, in the place of older ones")
	c.AddFlags(cmd, flags.NewGroup("The pages", where))
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

// saveManPages writes the pages of a verb and of all below it to a folder. It returns how
// many.
func (c *command) saveManPages(cmd *cobra.Command, folder string, build help.Build) (n int, err error) {
	p := c.page(cmd)
	if err := c.Save(filepath.Join(folder, p.FileName(manSection)), []byte(p.Roff(manSection, build))); err != nil {
		return 0, fmt.Errorf("--dir %s: %s", machine.Quoted(folder), machine.ReasonOnly(err))
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
