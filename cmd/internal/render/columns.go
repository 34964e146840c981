package render

import (
	"io"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// maxRows is how many rows are held so that their columns stand in line.
const maxRows = 1000

// Columns print rows for people. A column that is empty in all rows is left out.
type Columns struct {
	W      io.Writer
	Head   []string
	indent string

	rows    [][]string
	printed bool // rows that were too many to wait for the rest
}

// row takes a row. What cannot be seen is escaped here.
func (c *Columns) row(cells ...string) error {
	for i := range cells {
		cells[i] = machine.Visible(cells[i])
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
