package daemon

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

var writeDocs = flag.Bool("write-docs", false, "write the flags in docs/reference/command.md instead of comparing them")

// TestReference (issue 20): docs/reference/command.md has the usage and the flags of
// discoverd, as the help has them. scripts/docs writes them.
func TestReference(t *testing.T) {
	const (
		page  = "../../../../docs/reference/command.md"
		begin = "<!-- From here on written by scripts/docs, out of the help of discoverd. -->\n"
		end   = "<!-- Up to here, of discoverd. -->\n"
	)
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(b), begin)
	got, after, ended := strings.Cut(rest, end)
	if !begun || !ended {
		t.Fatalf("docs/reference/command.md has no place for discoverd, between %q and %q", begin, end)
	}
	want := reference()
	if *writeDocs {
		if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("docs/reference/command.md has not what the help of discoverd has: run scripts/docs")
	}
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
