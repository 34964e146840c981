package help

import (
	"fmt"

	"github.com/go-iscsi/discovery/cmd/internal/markdown"
)

// GuideSection is the section of the manual that has guides.
const GuideSection = "7"

// A Guide is a page of docs, to be written for a terminal and as a man page.
type Guide struct {
	Name    string // of the man page: discover-ports
	Title   string // the first heading
	Parts   []markdown.Part
	SeeAlso []string // man pages: discover-scan(1)
	Link    func(url string) Link
}

// A Link is where a link of a guide leads.
type Link struct {
	Path    string // of a verb or a man page, as the text of a link may have it: discover scan
	Man     string // discover-scan(1)
	Command string // prints it: discover help scan
	URL     string // where there is no man page
}

// NewGuide reads a page of docs.
func NewGuide(name, page string) *Guide {
	g := &Guide{Name: name, Parts: markdown.Parse(page)}
	if len(g.Parts) > 0 && g.Parts[0].Kind == markdown.Heading && g.Parts[0].Level == 1 {
		g.Title = markdown.Words(g.Parts[0].Text)
		g.Parts = g.Parts[1:]
	}
	return g
}

// FileName returns the name of the man page's file.
func (g *Guide) FileName() string { return g.Name + "." + GuideSection }

// A linker writes links of a guide as text, and keeps the addresses that have no man page.
type linker struct {
	resolve func(url string) Link
	command bool // name commands, not man pages
	notes   []string
}

// flat returns spans without links: their text, and in parentheses where they lead.
func (l *linker) flat(spans []markdown.Span) (all []markdown.Span) {
	for _, s := range spans {
		if s.URL == "" {
			all = append(all, s)
			continue
		}
		text := l.flat(s.Text)
		to := l.resolve(s.URL)
		same := markdown.Words(text) == to.Path
		switch {
		case to.URL != "":
			all = append(append(all, text...), markdown.Span{Words: fmt.Sprintf(" [%d]", l.note(to.URL))})
		case to.Man == "", same && l.command: // within the page
			all = append(all, text...)
		case l.command:
			all = append(append(all, text...), markdown.Span{Words: " ("}, markdown.Span{Style: markdown.Typed, Words: to.Command}, markdown.Span{Words: ")"})
		case same:
			all = append(all, manSpans(to.Man)...)
		default:
			all = append(append(all, text...), markdown.Span{Words: " ("})
			all = append(append(all, manSpans(to.Man)...), markdown.Span{Words: ")"})
		}
	}
	return all
}

// manSpans returns the name of a man page: the section is not bold.
func manSpans(man string) []markdown.Span {
	name := man[:len(man)-len("(1)")]
	return []markdown.Span{{Style: markdown.Strong, Words: name}, {Words: man[len(name):]}}
}

// note returns the number of an address among the notes.
func (l *linker) note(url string) int {
	for i, n := range l.notes {
		if n == url {
			return i + 1
		}
	}
	l.notes = append(l.notes, url)
	return len(l.notes)
}

// flatRows returns the rows of a table without links.
func (l *linker) flatRows(rows [][][]markdown.Span) (all [][][]markdown.Span) {
	for _, row := range rows {
		var cells [][]markdown.Span
		for _, c := range row {
			cells = append(cells, l.flat(c))
		}
		all = append(all, cells)
	}
	return all
}
