package help

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
)

// flagColumn is where the text of a flag begins, and widestTerm how wide the terms of a
// list may be before their meanings begin in the next line.
const flagColumn, widestTerm = 28, 31

// Long returns the page for a terminal, with all that there is to say, in lines of at most
// 80 columns.
func (p *Page) Long() string {
	var b strings.Builder
	p.writeUsage(&b)
	writeBlocks(&b, p.Text.Body)
	for _, g := range p.Verbs {
		b.WriteString("\n" + g.Title + ":\n")
		writeVerbs(&b, g.Verbs)
	}
	if len(p.Topics) > 0 {
		b.WriteString("\nGuides (discover help guide NAME):\n")
		writeTopics(&b, p.Topics)
	}
	for _, g := range p.Flags {
		writeFlags(&b, g)
	}
	writeBlocks(&b, p.exit())
	if len(p.Text.Examples) > 0 {
		b.WriteString("\nExamples:\n")
		writeExamples(&b, p.Text.Examples)
	}
	return b.String()
}

// exit returns what the page says about the exit status, with its headline.
func (p *Page) exit() []Block {
	const head = "Exit status:"
	blocks := slices.Clone(p.Text.Exit)
	switch {
	case len(blocks) == 0:
	case blocks[0].Words == "":
		blocks = slices.Insert(blocks, 0, Block{Words: head})
	default:
		blocks[0].Words = head + " " + blocks[0].Words
	}
	return blocks
}

// writeUsage writes how the verb is called.
func (p *Page) writeUsage(b *strings.Builder) {
	const head = "Usage: "
	for i, usage := range p.Usage {
		if i == 0 {
			b.WriteString(head)
		} else {
			b.WriteString(strings.Repeat(" ", len(head)))
		}
		column.Write(b, len(head), usage)
	}
}

// writeBlocks writes text. A list or lines after a paragraph that ends with a colon belong
// to it.
func writeBlocks(b *strings.Builder, blocks []Block) {
	colon := false
	for _, block := range blocks {
		if !colon || block.Words != "" {
			b.WriteByte('\n')
		}
		colon = strings.HasSuffix(block.Words, ":")
		switch {
		case block.Words != "":
			column.Write(b, 0, block.Words)
		case len(block.Items) > 0:
			writeItems(b, block.Items)
		default:
			for _, line := range block.Lines {
				b.WriteString(indent + line + "\n")
			}
		}
	}
}

// writeItems writes a list. A term that is too wide has a line of its own.
func writeItems(b *strings.Builder, items []Item) {
	width := 0
	for _, item := range items {
		if n := column.Width(item.Term); n <= widestTerm {
			width = max(width, n)
		}
	}
	at := len(indent) + width + 2
	for _, item := range items {
		writeTerm(b, indent+item.Term, at, item.Meaning)
	}
}

// writeTerm writes a term, and its meaning from a column on.
func writeTerm(b *strings.Builder, term string, at int, meaning string) {
	b.WriteString(term)
	switch n := column.Width(term); {
	case meaning == "":
		b.WriteByte('\n')
		return
	case n > at-2:
		b.WriteString("\n" + strings.Repeat(" ", at))
	default:
		b.WriteString(strings.Repeat(" ", at-n))
	}
	column.Write(b, at, meaning)
}

// writeVerbs writes verbs with what each does.
func writeVerbs(b *strings.Builder, verbs []Verb) {
	var items []Item
	for _, v := range verbs {
		items = append(items, Item{v.Name, v.Summary})
	}
	writeItems(b, items)
}

// writeTopics writes guides with what each is about.
func writeTopics(b *strings.Builder, topics []Topic) {
	var items []Item
	for _, t := range topics {
		items = append(items, Item{t.Name, t.Title})
	}
	writeItems(b, items)
}

// writeFlags writes a group of flags, if it has any to show.
func writeFlags(b *strings.Builder, g flags.Group) {
	if !g.Set.HasAvailableFlags() {
		return
	}
	b.WriteString("\n" + g.Title + ":\n")
	g.Set.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			name, value := FlagName(f)
			writeTerm(b, indent+name+value, flagColumn, f.Usage)
		}
	})
}

// writeExamples writes command lines.
func writeExamples(b *strings.Builder, examples []Example) {
	for _, e := range examples {
		for _, line := range e {
			b.WriteString(indent + line + "\n")
		}
	}
}
