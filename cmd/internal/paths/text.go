package paths

import (
	"fmt"
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// A Text writes paths for people.
type Text struct {
	W       io.Writer
	Columns int  // of the terminal; 0: it is none, and lines may be as long as they are
	ASCII   bool // nothing else can be shown
}

// maxFailures is how many failures are told below a matrix.
const maxFailures = 20

// least is how wide a block is at least, where the terminal is narrower.
const least = 40

// Matrix writes a matrix: a line for each port, a column for each portal. Columns that
// the terminal has no room for come in further blocks.
func (t *Text) Matrix(m *Matrix) error {
	var b strings.Builder
	left := 0
	for r := range m.Rows {
		left = max(left, column.Width(t.port(&m.Rows[r])))
	}
	widths := make([]int, len(m.Columns))
	for c := range m.Columns {
		widths[c] = column.Width(PortalText(m.Columns[c].Portal))
		for r := range m.Rows {
			widths[c] = max(widths[c], column.Width(t.cell(m, r, c)))
		}
	}
	for c := range m.Columns {
		if a := &m.Arrays[m.Columns[c].Array]; a.Columns == 1 {
			widths[c] = max(widths[c], min(arrayWidth, column.Width(terminal.Visible(a.Name))))
		}
	}
	for from := 0; from < len(m.Columns); {
		to, at := from, left
		for to < len(m.Columns) && (to == from || t.Columns == 0 || at+2+widths[to] < max(t.Columns, least)) {
			at += 2 + widths[to]
			to++
		}
		t.block(&b, m, left, widths, from, to)
		b.WriteByte('\n')
		from = to
	}
	t.legend(&b, m)
	t.failures(&b, m)
	b.WriteString(m.Summary() + "\n")
	_, err := io.WriteString(t.W, b.String())
	return err
}

// block writes some of the columns.
func (t *Text) block(b *strings.Builder, m *Matrix, left int, widths []int, from, to int) {
	heads := line{}
	heads.add("", left)
	for c := from; c < to; {
		array, width := m.Columns[c].Array, 0
		for ; c < to && m.Columns[c].Array == array; c++ {
			width += widths[c] + 2
		}
		heads.add(cutName(terminal.Visible(m.Arrays[array].Name), width-2, t.ellipsis()), width-2)
	}
	heads.end(b)
	portals := line{}
	portals.add("", left)
	for c := from; c < to; c++ {
		portals.add(PortalText(m.Columns[c].Portal), widths[c])
	}
	portals.end(b)
	for r := range m.Rows {
		row := line{}
		row.add(t.port(&m.Rows[r]), left)
		for c := from; c < to; c++ {
			row.add(t.cell(m, r, c), widths[c])
		}
		row.end(b)
	}
}

// cutName cuts the name of an array. Its end says more than its beginning.
func cutName(s string, n int, ellipsis string) string {
	if column.Width(s) <= n {
		return s
	}
	for i := range s {
		if column.Width(s[i:])+column.Width(ellipsis) <= n {
			return ellipsis + s[i:]
		}
	}
	return ""
}

// A line is cells that are padded to the width of their columns.
type line struct{ strings.Builder }

func (l *line) add(cell string, width int) { l.WriteString(column.Pad(cell, width) + "  ") }

func (l *line) end(b *strings.Builder) {
	b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
}

func (t *Text) ellipsis() string {
	if t.ASCII {
		return "..."
	}
	return "…"
}

// shape returns the character of a state.
func (t *Text) shape(s State) string {
	if t.ASCII {
		return s.Letter()
	}
	return s.Shape()
}

// port names a port.
func (t *Text) port(r *Row) string {
	text := terminal.Visible(r.Label())
	if detail := r.Detail(); detail != "" {
		text += " " + detail
	}
	if r.State.String() != "up" {
		text += " (" + r.State.String() + ")"
	}
	return text
}

func (t *Text) cell(m *Matrix, r, c int) string {
	cell := &m.Cells[r][c]
	text := t.shape(cell.State)
	if words := cell.Text(&m.Columns[c]); words != "" {
		text += " " + words
	}
	return text
}

// legend says what the shapes mean that are there.
func (t *Text) legend(b *strings.Builder, m *Matrix) {
	sum, _ := m.Sum()
	var parts []string
	for _, s := range States {
		if sum[s] > 0 {
			parts = append(parts, t.shape(s)+" "+s.Meaning())
		}
	}
	if len(parts) > 0 {
		b.WriteString(strings.Join(parts, "   ") + "\n")
	}
}

// failures says why paths fail.
func (t *Text) failures(b *strings.Builder, m *Matrix) {
	n := 0
	for r := range m.Rows {
		for c := range m.Columns {
			cell := &m.Cells[r][c]
			if cell.State != Failed {
				continue
			}
			if n++; n <= maxFailures {
				fmt.Fprintf(b, "%s %s from %s: %s\n", t.shape(Failed), PortalText(m.Columns[c].Portal), terminal.Visible(m.Rows[r].Label()), terminal.Visible(cell.Last.Message))
			}
		}
	}
	if n > maxFailures {
		fmt.Fprintf(b, "and %d more that failed: see -o json\n", n-maxFailures)
	}
}
