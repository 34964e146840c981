package paths

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// SVG returns the matrix as an SVG document.
func (m *Matrix) SVG() string {
	text := Text{}
	d := &drawing{width: 2 * margin, height: margin}
	left := 0
	for r := range m.Rows {
		left = max(left, textWidth(text.port(&m.Rows[r])))
	}
	widths := make([]int, len(m.Columns))
	for c := range m.Columns {
		widths[c] = textWidth(PortalText(m.Columns[c].Portal)) + gap
		for r := range m.Rows {
			widths[c] = max(widths[c], textWidth(text.cell(m, r, c))+gap)
		}
	}
	for c := range m.Columns {
		if a := &m.Arrays[m.Columns[c].Array]; a.Columns == 1 {
			widths[c] = max(widths[c], min(textWidth(strings.Repeat("x", arrayWidth))+gap, textWidth(terminal.Visible(a.Name))+gap))
		}
	}
	d.down(m.Summary(), "h")
	for from := 0; from < len(m.Columns); {
		to, at := from, margin+left
		for to < len(m.Columns) && (to == from || at+widths[to] <= mostWidth) {
			at += widths[to]
			to++
		}
		d.height += lineHeight / 2
		m.draw(d, left, widths, from, to)
		from = to
	}
	d.height += lineHeight / 2
	m.drawLegend(d)
	d.height += margin
	return d.document("Which initiator port reaches which portal", m.description())
}

// down writes a line below all that is there.
func (d *drawing) down(s, class string) {
	d.height += lineHeight
	d.text(margin, d.height-8, class, s)
}

// draw draws some of the columns.
func (m *Matrix) draw(d *drawing, left int, widths []int, from, to int) {
	text := Text{}
	top := d.height
	arrays, portals := top+lineHeight-8, top+2*lineHeight-8
	d.height += 2 * lineHeight
	bottom := d.height + len(m.Rows)*lineHeight
	x := margin + left + gap
	for c := from; c < to; {
		array, begin := m.Columns[c].Array, x
		first := c
		for ; c < to && m.Columns[c].Array == array; c++ {
			d.text(x, portals, "", PortalText(m.Columns[c].Portal))
			for r := range m.Rows {
				m.drawCell(d, x, d.height+r*lineHeight+lineHeight-8, r, c)
			}
			x += widths[c]
		}
		room := int(float64(x-begin-gap) / charWidth)
		d.titled(begin, arrays, "d", cutName(terminal.Visible(m.Arrays[array].Name), room, "…"), m.Arrays[array].Name)
		if first != from {
			fmt.Fprintf(d, `<path class="g" d="M%d %dV%d"/>`+"\n", begin-gap/2, top, bottom)
		}
	}
	for r := range m.Rows {
		y := d.height + r*lineHeight
		fmt.Fprintf(d, `<path class="g" d="M%d %dH%d"/>`+"\n", margin, y, x-gap)
		d.text(margin, y+lineHeight-8, "", text.port(&m.Rows[r]))
	}
	d.height = bottom
}

// drawCell draws a cell. Its title says the same in words.
func (m *Matrix) drawCell(d *drawing, x, y, r, c int) {
	cell := &m.Cells[r][c]
	if cell.State == "" {
		return
	}
	d.titled(x, y, string(cell.State), (&Text{}).cell(m, r, c), m.Words(r, c))
}

// Words says in a line how a path stands.
func (m *Matrix) Words(row, col int) string {
	cell, c := &m.Cells[row][col], &m.Columns[col]
	path := c.Portal.String() + " from " + m.Rows[row].Label() + ": "
	switch cell.State {
	case OK:
		return path + wording.Plural(cell.Targets, "target", "targets")
	case Few:
		return path + fmt.Sprintf("%d of %s", cell.Targets, wording.Plural(c.Known, "target", "targets"))
	case Failed:
		return path + "failed at " + cell.Last.Stage + ": " + cell.Last.Message
	case NoRoute:
		return path + "no route"
	}
	return path + "not asked yet"
}

// drawLegend says what the shapes mean that are there.
func (m *Matrix) drawLegend(d *drawing) {
	sum, _ := m.Sum()
	d.height += lineHeight
	x := margin
	for _, s := range States {
		if sum[s] > 0 {
			words := s.Shape() + " " + s.Meaning()
			d.text(x, d.height-8, string(s), words)
			x += textWidth(words) + 2*gap
		}
	}
}

// description is the matrix in words, without the paths that are as they should be.
func (m *Matrix) description() string {
	parts := []string{m.Summary() + "."}
	for r := range m.Rows {
		for c := range m.Columns {
			if s := m.Cells[r][c].State; (s == Few || s == Failed) && len(parts) <= maxFailures {
				parts = append(parts, m.Words(r, c)+".")
			}
		}
	}
	return strings.Join(parts, " ")
}
