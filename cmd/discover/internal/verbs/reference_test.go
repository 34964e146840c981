package verbs

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

var writeDocs = flag.Bool("write-docs", false, "write the reference in docs/reference/command.md instead of comparing it")

const (
	cliPage        = "../../../../docs/reference/command.md"
	referenceBegin = "<!-- From here on written by scripts/docs, out of the help of the command. -->\n"
	referenceEnd   = "<!-- Up to here. -->\n"
)

// TestReference (issue 19, 5): docs/reference/command.md has the usage and the flags of each verb, as the
// help has them. scripts/docs writes them.
func TestReference(t *testing.T) {
	b, err := os.ReadFile(cliPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(b), referenceBegin)
	got, after, ended := strings.Cut(rest, referenceEnd)
	if !begun || !ended {
		t.Fatalf("docs/reference/command.md has no place for the reference, between %q and %q", referenceBegin, referenceEnd)
	}
	want := newReference().write()
	if *writeDocs {
		if err := os.WriteFile(cliPage, []byte(before+referenceBegin+want+referenceEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("docs/reference/command.md has not what the help has: run scripts/docs")
	}
}

// A reference is the usage and the flags of all verbs in Markdown.
type reference struct {
	groups map[*cobra.Command][]flags.Group
	root   *cobra.Command
	b      strings.Builder
	first  map[string]string // the verb that had a flag with this text first
}

func newReference() *reference {
	c := newCommand()
	return &reference{groups: c.Groups, root: c.root(), first: make(map[string]string)}
}

func (r *reference) write() string {
	for _, g := range verbGroups() {
		for _, name := range g.verbs {
			r.verb(verb.Find(r.root, name))
		}
	}
	r.b.WriteString("\n### Flags of each verb\n\n")
	flags.DescribeRegistry(r.root.PersistentFlags(), machine.UsualRegistries)
	r.table("", flags.NewGroup("flag", r.root.PersistentFlags()))
	return r.b.String()
}

// verb writes a verb, and those below it.
func (r *reference) verb(cmd *cobra.Command) {
	p := help.Of(cmd, r.groups[cmd], nil)
	if !cmd.HasAvailableSubCommands() {
		r.b.WriteString("\n### " + p.Path + ": usage\n\n    " + strings.Join(p.Usage, "\n    ") + "\n")
		for _, g := range p.Flags {
			r.table(p.Path, g)
		}
	}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			r.verb(sub)
		}
	}
}

// table writes flags. Those that another verb had before, with the same text, are named.
func (r *reference) table(path string, g flags.Group) {
	var rows, others []string
	as := make(map[string][]string)
	g.Set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name, value := help.FlagName(f)
		row := "| `" + strings.ReplaceAll(name+value, "|", `\|`) + "` | " + strings.ReplaceAll(f.Usage, "|", `\|`) + " |\n"
		switch first := r.first[row]; {
		case first == "":
			r.first[row] = path
			rows = append(rows, row)
		default:
			if as[first] == nil {
				others = append(others, first)
			}
			as[first] = append(as[first], "`--"+f.Name+"`")
		}
	})
	if len(rows) > 0 {
		r.b.WriteString("\n| " + g.Title + " | |\n| --- | --- |\n" + strings.Join(rows, ""))
	}
	for _, other := range others {
		r.b.WriteString("\n" + g.Title + ", as for " + other + ": " + strings.Join(as[other], ", ") + ".\n")
	}
}
