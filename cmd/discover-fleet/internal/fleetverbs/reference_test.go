package fleetverbs

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/test/written"
)

// TestReference (issue 22): docs/reference/command.md has the usage and the flags of each
// verb of discover fleet, as the help has them. scripts/docs writes them.
func TestReference(t *testing.T) {
	written.Part{
		Page:  "../../../../docs/reference/command.md",
		Begin: "<!-- From here on written by scripts/docs, out of the help of discover-fleet. -->\n",
		End:   "<!-- Up to here, of discover-fleet. -->\n",
	}.Is(t, reference())
}

// reference is the usage and the flags of all verbs in Markdown. The flags of the fleet come
// once, at the end.
func reference() string {
	c := &command{Command: &app.Command{Env: machine.Real(), Groups: make(map[*cobra.Command][]flags.Group)}}
	root := c.root()
	fleet := below(root, noun)
	var b strings.Builder
	var write func(cmd *cobra.Command)
	write = func(cmd *cobra.Command) {
		if p := c.page(cmd); !cmd.HasAvailableSubCommands() {
			b.WriteString("\n### " + p.Path + "\n\n" + strings.ToUpper(p.Summary[:1]) + p.Summary[1:] + ".\n\n    " + strings.Join(p.Usage, "\n    ") + "\n")
			for _, g := range c.Groups[cmd] {
				if g.Title != c.Groups[fleet][0].Title {
					writeFlags(&b, g)
				}
			}
		}
		for _, sub := range cmd.Commands() {
			write(sub)
		}
	}
	write(fleet)
	b.WriteString("\n### Flags of each verb of discover fleet\n")
	writeFlags(&b, c.Groups[fleet][0])
	return b.String()
}

// writeFlags writes a group of flags as a table.
func writeFlags(b *strings.Builder, g flags.Group) {
	cell := strings.NewReplacer("|", `\|`)
	b.WriteString("\n| " + g.Title + " | |\n| --- | --- |\n")
	g.Set.VisitAll(func(f *pflag.Flag) {
		if name, value := help.FlagName(f); !f.Hidden {
			b.WriteString("| `" + cell.Replace(name+value) + "` | " + cell.Replace(f.Usage) + " |\n")
		}
	})
}
