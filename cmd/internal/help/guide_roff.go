package help

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/markdown"
)

// manWidth is how many columns the text of a man page has on a terminal of 80 columns, and
// exampleIndent how far an example is indented where there is room.
const manWidth, exampleIndent = 71, 4

// inASCII are characters as escape writes them, each with ASCII in its place. Of others groff
// knows that itself.
var inASCII = [...]string{`\[u2026]`, "...", `\[u2192]`, `\->`, `\[u25CF]`, "*", `\[u25B2]`, "^", `\[u2715]`, "x"}

// Roff returns the guide as a man page, in the macros of man(7).
func (g *Guide) Roff(of Build) string {
	w := &guideRoff{roff: new(roff), links: linker{resolve: g.Link}}
	w.title(g.Name, GuideSection, of, "discover")
	w.macro("SH", "NAME")
	w.line(escape(g.Name) + ` \- ` + escape(g.Title))
	if len(g.Parts) > 0 && g.Parts[0].Kind != markdown.Heading {
		w.macro("SH", "DESCRIPTION")
	}
	w.parts(g.Parts, 0)
	w.seeAlso(g.SeeAlso)
	if len(w.links.notes) > 0 {
		w.macro("SH", "NOTES")
		for i, url := range w.links.notes {
			w.macro("IP", fmt.Sprintf("[%d]", i+1), "5")
			w.line(strings.NewReplacer("/", `/\:`, "#", `\:#`).Replace(escape(url))) // a long one may go on in the next line
		}
	}
	heading, rest, _ := strings.Cut(w.b.String(), "\n")
	return heading + "\n" + substitutes(rest) + rest
}

// substitutes returns what a terminal without the characters of a page shows instead.
func substitutes(page string) (s string) {
	for i := 0; i < len(inASCII); i += 2 {
		if strings.Contains(page, inASCII[i]) {
			s += ".fchar " + inASCII[i] + " " + inASCII[i+1] + "\n"
		}
	}
	return s
}

// A guideRoff is a guide that is written as a man page.
type guideRoff struct {
	*roff
	links linker
}

// parts writes parts of a page that are indented by at columns.
func (w *guideRoff) parts(parts []markdown.Part, at int) {
	for i, p := range parts {
		switch p.Kind {
		case markdown.Heading:
			w.heading(p)
			continue
		case markdown.Paragraph, markdown.Code, markdown.Table:
			if i == 0 || parts[i-1].Kind != markdown.Heading {
				w.macro("PP")
			}
		}
		switch p.Kind {
		case markdown.Paragraph:
			w.line(w.styled(p.Text))
		case markdown.Code:
			w.example(p.Lines, at)
		case markdown.List:
			w.list(p.Items, at)
		case markdown.Table:
			w.table(p.Rows, at)
		}
	}
}

// heading begins a section, or a part of one.
func (w *guideRoff) heading(p markdown.Part) {
	switch words := markdown.Words(p.Text); p.Level {
	case 1, 2:
		w.macro("SH", words)
	default:
		w.macro("SS", words)
	}
}

// example writes lines that stay as they are; wide ones are not indented.
func (w *guideRoff) example(lines []string, at int) {
	narrow := true
	for _, line := range lines {
		narrow = narrow && at+exampleIndent+column.Width(line) <= manWidth
	}
	if narrow {
		w.macro("RS", strconv.Itoa(exampleIndent))
	}
	w.macro("EX")
	for _, line := range lines {
		w.line(escape(line))
	}
	w.macro("EE")
	if narrow {
		w.macro("RE")
	}
}

// list writes a list.
func (w *guideRoff) list(items []markdown.Item, at int) {
	for _, item := range items {
		mark, width := item.Marker, 4
		if mark == "" {
			mark, width = `\(bu`, 2
		}
		w.b.WriteString(".IP " + mark + " " + strconv.Itoa(width) + "\n")
		rest := item.Parts
		if len(rest) > 0 && rest[0].Kind == markdown.Paragraph {
			w.line(w.styled(rest[0].Text))
			rest = rest[1:]
		} else {
			w.line(`\&`)
		}
		if len(rest) > 0 {
			w.macro("RS", strconv.Itoa(width))
			w.parts(rest, at+width)
			w.macro("RE")
		}
	}
}

// table writes a table, or where it is too wide a list of its rows.
func (w *guideRoff) table(rows [][][]markdown.Span, at int) {
	rows = w.links.flatRows(rows)
	if g, ok := layout(rows, manWidth-at, bare); ok {
		w.macro("nf")
		lines := g.lines(styled, bare)
		if !titled(rows[0]) {
			lines = lines[1:]
		}
		for _, line := range lines {
			w.line(line)
		}
		w.macro("fi")
		return
	}
	for _, r := range records(rows) {
		w.macro("TP")
		w.line(styled(r.term))
		if len(r.meanings) == 0 {
			w.line(`\&`)
		}
		for i, m := range r.meanings {
			if i > 0 {
				w.macro("br")
			}
			w.line(styled(m))
		}
	}
}

// styled returns a text with links, as roff prints it.
func (w *guideRoff) styled(text []markdown.Span) string { return styled(w.links.flat(text)) }

// styled returns a text as roff prints it.
func styled(text []markdown.Span) string {
	var b strings.Builder
	for _, s := range text {
		switch s.Style {
		case markdown.Typed, markdown.Strong:
			b.WriteString(bold(s.Words))
		case markdown.Emphasis:
			b.WriteString(`\fI` + escape(s.Words) + `\fR`)
		case markdown.Break:
			b.WriteString("\n.br\n")
		default:
			b.WriteString(escape(s.Words))
		}
	}
	return b.String()
}

// bare returns a text without its styles.
func bare(text []markdown.Span) string { return markdown.Words(text) }
