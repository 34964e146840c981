package render

import (
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
)

// maxRows is how many rows are held so that their columns stand in line.
const maxRows = 1000

// Columns print rows for people. A column that is empty in all rows is left out.
type Columns struct {
	W      io.Writer
	Head   []string
	indent string

	// Width is how many columns of a terminal a row may take: the last cells are cut to
	// fit, then the widest ones behind the first. 0: no cell is cut.
	Width    int
	Ellipsis string // ends what is cut

	rows    [][]string
	printed bool // rows that were too many to wait for the rest
}

// row takes a row. What cannot be seen is escaped here.
func (c *Columns) row(cells ...string) error {
	for i := range cells {
		cells[i] = terminal.Visible(cells[i])
	}
	if c.rows = append(c.rows, cells); len(c.rows) < maxRows {
		return nil
	}
	return c.flush()
}

// flush prints the rows that are held, and the head before the first.
func (c *Columns) flush() error {
	if len(c.rows) == 0 {
		return nil
	}
	width := make([]int, len(c.Head))
	for _, r := range c.rows {
		for i, cell := range r {
			width[i] = max(width[i], column.Width(cell))
		}
	}
	c.fit(width)
	var b strings.Builder
	line := func(cells []string) {
		var l strings.Builder
		for i, cell := range cells {
			if width[i] == 0 {
				continue
			}
			l.WriteString(column.Pad(cell, max(width[i], column.Width(c.Head[i]))+2))
		}
		b.WriteString(strings.TrimRight(c.indent+l.String(), " "))
		b.WriteByte('\n')
	}
	if !c.printed {
		line(c.Head)
	}
	for _, r := range c.rows {
		line(r)
	}
	c.rows, c.printed = c.rows[:0], true
	_, err := io.WriteString(c.W, b.String())
	return err
}

// How narrow fit makes a cell.
const (
	minLastCell = 27 // failed: connection refused…
	minCell     = 8
)

// fit cuts the cells of the rows that are held so that each row fits into Width, and sets the
// widths of the columns accordingly. The first cell is never cut: it says what the row is about.
func (c *Columns) fit(width []int) {
	if c.Width == 0 {
		return
	}
	over, last := len(c.indent)-2-c.Width, 0
	for i, w := range width {
		if w > 0 {
			over += max(w, len(c.Head[i])) + 2
			last = i
		}
	}
	narrow := func(i, least, by int) {
		if by = min(by, over, width[i]-max(least, len(c.Head[i]))); by > 0 {
			width[i] -= by
			over -= by
		}
	}
	narrow(last, minLastCell, over)
	for over > 0 {
		widest, before := 0, over
		for i := 1; i < last; i++ {
			if width[i] > max(minCell, len(c.Head[i])) && (widest == 0 || width[i] > width[widest]) {
				widest = i
			}
		}
		if widest > 0 {
			narrow(widest, minCell, 1)
		}
		if over == before {
			break
		}
	}
	for _, r := range c.rows {
		for i := 1; i < len(r); i++ {
			r[i] = column.Cut(r[i], width[i], c.Ellipsis)
		}
	}
}
