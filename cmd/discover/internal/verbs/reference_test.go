package verbs

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/test/written"
)

const (
	cliPage        = "../../../../docs/reference/command.md"
	referenceBegin = "<!-- From here on written by scripts/docs, out of the help of the command. -->\n"
	referenceEnd   = "<!-- Up to here. -->\n"
)

// TestReference (issue 19, 5): docs/reference/command.md has the usage and the flags of each verb, as the
// help has them. scripts/docs writes them.
func TestReference(t *testing.T) {
	r := newReference()
	want := r.write()
	if len(r.unknown) > 0 {
		t.Errorf("guidesOf has nothing of %q", r.unknown)
	}
	written.Part{Page: cliPage, Begin: referenceBegin, End: referenceEnd}.Is(t, want)
}

// A reference is the usage and the flags of all verbs in Markdown.
type reference struct {
	groups map[*cobra.Command][]flags.Group
	root   *cobra.Command
	b      strings.Builder
	first  map[string]string // the verb that had a flag with this text first

	unknown []string // verbs of which guides says nothing
}

func newReference() *reference {
	c := newCommand()
	return &reference{groups: c.Groups, root: c.root(), first: make(map[string]string)}
}

// guidesOf are the pages with the tasks of a verb, and of those below it.
var guidesOf = map[string]string{
	"scan":       "[first steps](../start.md), [scan](../guide/scan.md), [ports](../guide/ports.md), [CHAP](../guide/chap.md), [addresses](../guide/addresses.md), [IPsec](../guide/ipsec.md), [recipes](../recipes.md)",
	"watch":      "[watch](../guide/watch.md)",
	"paths":      "[ports](../guide/ports.md)",
	"fleet":      "[a fleet](../guide/fleet.md)",
	"isns":       "[iSNS](../guide/isns.md)",
	"portal":     "[registry](../guide/registry.md)",
	"target":     "[registry](../guide/registry.md)",
	"initiator":  "[CHAP](../guide/chap.md)",
	"instance":   "[ports](../guide/ports.md)",
	"port":       "[ports](../guide/ports.md)",
	"registry":   "[registry](../guide/registry.md)",
	"ipsec":      "[IPsec](../guide/ipsec.md)",
	"export":     "[feed open-iscsi](../recipes.md#feed-open-iscsi)",
	"iscsiadm":   "[iscsiadm](../guide/iscsiadm.md)",
	"iscsicli":   "[for users of Windows](../windows.md)",
	"completion": "[install](../install.md)",
	"help":       "",
	"man":        "[install](../install.md)",
	"version":    "",
}

func (r *reference) write() string {
	for _, g := range verbGroups() {
		r.b.WriteString("\n## " + g.title + "\n")
		for _, name := range g.verbs {
			r.verb(verb.Find(r.root, name))
		}
	}
	r.b.WriteString("\n## Flags of each verb\n")
	flags.DescribeRegistry(r.root.PersistentFlags(), machine.UsualRegistries)
	r.table("", flags.NewGroup("flag", r.root.PersistentFlags()))
	return r.b.String()
}

// verb writes a verb, and those below it.
func (r *reference) verb(cmd *cobra.Command) {
	p := help.Of(cmd, r.groups[cmd], nil)
	if !cmd.HasAvailableSubCommands() {
		r.b.WriteString("\n### " + p.Path + "\n\n" + strings.ToUpper(p.Summary[:1]) + p.Summary[1:] + "." + r.guide(p.Path) + "\n\n    " + strings.Join(p.Usage, "\n    ") + "\n")
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

// guide names the guides of a verb.
func (r *reference) guide(path string) string {
	name := strings.Fields(path)[1]
	guide, known := guidesOf[name]
	if !known {
		r.unknown = append(r.unknown, name)
	}
	if guide == "" {
		return ""
	}
	if strings.Contains(guide, "), [") {
		return " Guides: " + guide + "."
	}
	return " Guide: " + guide + "."
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
		r.b.WriteString("\n" + g.Title + ", as for [" + other + "](#" + strings.ReplaceAll(other, " ", "-") + "): " + strings.Join(as[other], ", ") + ".\n")
	}
}
