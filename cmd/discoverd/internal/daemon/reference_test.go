package daemon

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

// TestReference (issue 20): docs/reference/command.md has the usage and the flags of
// discoverd, as the help has them. scripts/docs writes them.
func TestReference(t *testing.T) {
	written.Part{
		Page:  "../../../../docs/reference/command.md",
		Begin: "<!-- From here on written by scripts/docs, out of the help of discoverd. -->\n",
		End:   "<!-- Up to here, of discoverd. -->\n",
	}.Is(t, reference())
}

// reference is the usage and the flags in Markdown.
func reference() string {
	o := &options{Command: &app.Command{Env: machine.Real(), Groups: make(map[*cobra.Command][]flags.Group), Program: program}}
	root := o.root(nil)
	flags.DescribeRegistry(root.Flags(), machine.UsualRegistries)
	p := o.page(root)
	var b strings.Builder
	cell := strings.NewReplacer("|", `\|`)
	b.WriteString("\n    " + strings.Join(p.Usage, "\n    ") + "\n")
	for _, g := range p.Flags {
		b.WriteString("\n| " + g.Title + " | |\n| --- | --- |\n")
		g.Set.VisitAll(func(f *pflag.Flag) {
			if name, value := help.FlagName(f); !f.Hidden {
				b.WriteString("| `" + cell.Replace(name+value) + "` | " + cell.Replace(f.Usage) + " |\n")
			}
		})
	}
	return b.String()
}
