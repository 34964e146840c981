package help

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
)

// How much the short form has of each: it fits a terminal of 24 lines.
const maxShortFlags, maxExampleLines = 10, 4

// usual are the flags that the short form has of a verb with many, in their order.
var usual = []string{
	"refresh", "every", "for", "unset", "symbolic-name", "output", "source", "initiator-port", "chap-user", "chap-secret",
	"dry-run", "ipsec", "open", "probe", "timeout", "ipsec-psk",
}

// Short returns the page for a terminal of 24 lines and 80 columns: how the verb is called,
// what it does, the flags that are used most, and examples. more says where the rest is.
func (p *Page) Short(more string) string {
	var b strings.Builder
	p.writeUsage(&b)
	if len(p.Verbs) < 2 { // the overview needs each line
		b.WriteByte('\n')
	}
	column.Write(&b, 0, sentence(p.Summary))
	p.writeShortVerbs(&b)
	if own := p.shortFlags(); len(own) > 0 {
		b.WriteString("\nFlags:\n")
		for _, f := range own {
			name, value := FlagName(f)
			writeTerm(&b, indent+name+value, flagColumn, inShort(f.Usage, flagColumn))
		}
	}
	if len(p.Text.Examples) > 0 && len(p.Verbs) < 2 {
		b.WriteString("\nExamples:\n")
		writeExamples(&b, p.shortExamples())
	}
	if len(p.Verbs) < 2 {
		b.WriteByte('\n')
	}
	b.WriteString(more + "\n")
	return b.String()
}

// writeShortVerbs writes the verbs; where they are in several groups, the headlines stand
// beside them.
func (p *Page) writeShortVerbs(b *strings.Builder) {
	if len(p.Verbs) == 0 {
		return
	}
	b.WriteByte('\n')
	if len(p.Verbs) == 1 {
		writeVerbs(b, p.Verbs[0].Verbs)
		return
	}
	for _, g := range p.Verbs {
		for i, v := range g.Verbs {
			title := g.Title
			if i > 0 {
				title = ""
			}
			fmt.Fprintf(b, "%-17s%-12s%s\n", title, v.Name, v.Summary)
		}
	}
}

// shortFlags returns the flags of the short form: all of the verb, or where these are many
// the usual ones.
func (p *Page) shortFlags() []*pflag.Flag {
	own := shown(p.Flags[:p.Own])
	if len(p.Verbs) > 0 {
		return nil
	}
	own = append(own, slices.DeleteFunc(shown(p.Flags[p.Own:]), func(f *pflag.Flag) bool { return f.Name != "output" })...)
	if len(own) <= maxShortFlags {
		return own
	}
	own = slices.DeleteFunc(own, func(f *pflag.Flag) bool { return !slices.Contains(usual, f.Name) })
	slices.SortStableFunc(own, func(a, b *pflag.Flag) int {
		return cmp.Compare(slices.Index(usual, a.Name), slices.Index(usual, b.Name))
	})
	return own[:min(len(own), maxShortFlags)]
}

// shown returns the flags of groups that help shows.
func shown(groups []flags.Group) (all []*pflag.Flag) {
	for _, g := range groups {
		g.Set.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				all = append(all, f)
			}
		})
	}
	return all
}

// inShort returns as much of the text of a flag as has room in the line behind a column:
// all of it, or its first clause.
func inShort(usage string, at int) string {
	for _, end := range []string{"; ", ". ", ": ", ", "} {
		if column.Width(usage) <= column.LineLength-at {
			break
		}
		usage, _, _ = strings.Cut(usage, end)
	}
	return column.Cut(usage, column.LineLength-at, "…")
}

// shortExamples returns the first examples, as many as have room.
func (p *Page) shortExamples() (some []Example) {
	lines := 0
	for _, e := range p.Text.Examples {
		if lines += len(e); lines > maxExampleLines {
			break
		}
		some = append(some, e)
	}
	return some
}
