package paths

import (
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// Picture writes the paths to one target: a line for each, port, portal, portal group.
func (t *Text) Picture(p *Picture) error {
	var b strings.Builder
	b.WriteString(terminal.Visible(p.Name))
	if p.Alias != "" {
		b.WriteString(" " + wording.Quoted(terminal.Visible(p.Alias)))
	}
	b.WriteString("\n")
	rows := t.pictureRows(p)
	var widths [3]int
	for _, r := range rows {
		for i := range widths {
			widths[i] = max(widths[i], column.Width(r[i]))
		}
	}
	for _, r := range rows {
		l := line{}
		l.WriteString("  ")
		for i, cell := range r {
			width := 0
			if i < len(widths) {
				width = widths[i]
			}
			l.add(cell, width)
		}
		l.end(&b)
	}
	b.WriteString(p.Summary() + "\n")
	_, err := io.WriteString(t.W, b.String())
	return err
}

// pictureRows returns port, portal, group, and why the path is not seen.
func (t *Text) pictureRows(p *Picture) (rows [][]string) {
	seen, unseen := "──", "╌╌"
	if t.ASCII {
		seen, unseen = "--", ".."
	}
	row := func(port, arrow string, to *Place, why string) {
		group := ""
		if to.Group >= 0 {
			group = arrow + " " + GroupText(p.Groups[to.Group])
		}
		rows = append(rows, []string{port, arrow + " " + PortalText(to.Portal), group, why})
	}
	linked := make([]bool, len(p.Portals))
	for _, l := range p.Links {
		linked[l.Portal] = true
		arrow := seen
		if !l.Seen {
			arrow = unseen
		}
		row(t.port(&p.Ports[l.Port]), arrow, &p.Portals[l.Portal], l.Why)
	}
	for i := range p.Portals {
		if !linked[i] {
			row("", unseen, &p.Portals[i], noPort)
		}
	}
	return rows
}

// Summary sums the picture up in a line.
func (p *Picture) Summary() string {
	seen, portals := 0, 0
	for _, l := range p.Links {
		if l.Seen {
			seen++
		}
	}
	for i := range p.Portals {
		if p.Portals[i].Seen {
			portals++
		}
	}
	text := wording.Plural(seen, "path", "paths") + " to " + wording.Plural(portals, "portal", "portals")
	if rest := len(p.Portals) - portals; rest > 0 {
		text += ", " + wording.Plural(rest, "portal", "portals") + " not seen"
	}
	return text
}
