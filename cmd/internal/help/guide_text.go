package help

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/markdown"
)

// Long returns the guide for a terminal. Lines of text have at most 80 columns; examples
// have what the page has.
func (g *Guide) Long() string {
	w := &guideText{links: linker{resolve: g.Link, command: true}}
	w.heading(1, g.Title)
	w.parts(g.Parts, 0)
	if len(w.links.notes) > 0 {
		w.heading(2, "Links")
		w.b.WriteByte('\n')
		for i, url := range w.links.notes {
			fmt.Fprintf(&w.b, "[%d] %s\n", i+1, url)
		}
	}
	return w.b.String()
}

// A guideText is a guide for a terminal that is written.
type guideText struct {
	b     strings.Builder
	links linker
}

// heading writes a heading.
func (w *guideText) heading(level int, words string) {
	if w.b.Len() > 0 {
		w.b.WriteByte('\n')
	}
	w.b.WriteString(words + "\n")
	switch level {
	case 1:
		w.b.WriteString(strings.Repeat("=", column.Width(words)) + "\n")
	case 2:
		w.b.WriteString(strings.Repeat("-", column.Width(words)) + "\n")
	}
}

// parts writes parts of a page, indented.
func (w *guideText) parts(parts []markdown.Part, at int) {
	for _, p := range parts {
		switch p.Kind {
		case markdown.Heading:
			w.heading(p.Level, plain(w.links.flat(p.Text)))
		case markdown.Paragraph:
			w.b.WriteByte('\n')
			w.paragraph(at, p.Text)
		case markdown.Code:
			w.b.WriteByte('\n')
			w.lines(p.Lines, at+len(indent))
		case markdown.List:
			w.b.WriteByte('\n')
			w.list(p.Items, at)
		case markdown.Table:
			w.b.WriteByte('\n')
			w.table(p.Rows, at)
		}
	}
}

// paragraph writes words in lines. The first goes on where it is.
func (w *guideText) paragraph(at int, text []markdown.Span) {
	for i, line := range broken(w.links.flat(text)) {
		if i > 0 || at > 0 && strings.HasSuffix(w.b.String(), "\n") {
			w.b.WriteString(strings.Repeat(" ", at))
		}
		column.Write(&w.b, at, plain(line))
	}
}

// lines writes lines as they are.
func (w *guideText) lines(lines []string, at int) {
	for _, line := range lines {
		if line != "" {
			line = strings.Repeat(" ", at) + line
		}
		w.b.WriteString(line + "\n")
	}
}

// list writes a list. Items of one paragraph have no empty lines between them.
func (w *guideText) list(items []markdown.Item, at int) {
	for _, item := range items {
		mark := item.Marker
		if mark == "" {
			mark = "*"
		}
		w.b.WriteString(strings.Repeat(" ", at) + mark + " ")
		inside, rest := at+len(mark)+1, item.Parts
		if len(rest) > 0 && rest[0].Kind == markdown.Paragraph {
			w.paragraph(inside, rest[0].Text)
			rest = rest[1:]
		}
		w.parts(rest, inside)
	}
}

// table writes a table, or where it is too wide a list of its rows.
func (w *guideText) table(rows [][][]markdown.Span, at int) {
	rows = w.links.flatRows(rows)
	for _, row := range rows {
		for i := range row {
			row[i] = unstyled(row[i])
		}
	}
	if g, ok := layout(rows, column.LineLength-at, plain); ok {
		lines := g.lines(plain, plain)
		if titled(rows[0]) {
			rule := make([]string, len(g.widths))
			for i, n := range g.widths {
				rule[i] = strings.Repeat("-", n)
			}
			head := 1 // lines of the head
			for _, c := range g.rows[0] {
				head = max(head, len(c))
			}
			w.lines(lines[:head], at)
			w.lines([]string{strings.Join(rule, "  ")}, at)
			lines = lines[head:]
		} else {
			lines = lines[1:]
		}
		w.lines(lines, at)
		return
	}
	for i, r := range records(rows) {
		if i > 0 && len(rows[0]) > 2 {
			w.b.WriteByte('\n')
		}
		w.b.WriteString(strings.Repeat(" ", at))
		column.Write(&w.b, at, plain(r.term))
		for _, m := range r.meanings {
			w.b.WriteString(strings.Repeat(" ", at+codeIndent))
			column.Write(&w.b, at+codeIndent, plain(m))
		}
	}
}

// codeIndent is how far the meanings of a term are indented.
const codeIndent = 4

// unstyled returns a text without styles, as plain writes it: so what is typed has its marks
// around all of its words, and not around each.
func unstyled(text []markdown.Span) (all []markdown.Span) {
	for i, line := range broken(text) {
		if i > 0 {
			all = append(all, markdown.Span{Style: markdown.Break})
		}
		if len(line) > 0 {
			all = append(all, markdown.Span{Words: plain(line)})
		}
	}
	return all
}

// plain returns a text for a terminal, with what is typed between the marks of the page.
func plain(text []markdown.Span) string {
	var b strings.Builder
	for _, s := range text {
		switch s.Style {
		case markdown.Typed:
			b.WriteString("`" + s.Words + "`")
		case markdown.Break:
			b.WriteByte(' ')
		default:
			b.WriteString(s.Words)
		}
	}
	return b.String()
}
