package help

import (
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/markdown"
)

// betweenColumns is how many spaces are between the columns of a table, and narrowColumn
// how narrow a column may become whose cells go on in the next line.
const betweenColumns, narrowColumn = 2, 24

// A grid is a table as lines of text.
type grid struct {
	rows   [][]cell
	widths []int
	apart  bool // a line is left empty between rows
}

// A cell is the lines of a cell.
type cell [][]markdown.Span

// layout returns a table in lines of at most width columns; false: there is no room for it.
// The widths are those that plain returns of a text.
func layout(rows [][][]markdown.Span, width int, plain func([]markdown.Span) string) (*grid, bool) {
	g := &grid{}
	for i := range rows[0] {
		g.widths = append(g.widths, widest(rows, i, plain))
	}
	least := make([]int, len(g.widths))
	for i, n := range g.widths {
		least[i] = min(n, max(narrowColumn, longestWord(rows, i, plain)))
	}
	shrunk := false
	for g.width() > width {
		at := -1
		for i, n := range g.widths {
			if n > least[i] && (at < 0 || n > g.widths[at]) {
				at = i
			}
		}
		if at < 0 {
			return nil, false
		}
		g.widths[at]--
		shrunk = true
	}
	for _, row := range rows {
		var lines []cell
		for i, text := range row {
			lines = append(lines, wrap(text, g.widths[i], plain))
			g.apart = g.apart || shrunk && i < len(row)-1 && len(lines[i]) > 1
		}
		g.rows = append(g.rows, lines)
	}
	return g, true
}

// width returns how wide the table is.
func (g *grid) width() int {
	sum := betweenColumns * (len(g.widths) - 1)
	for _, n := range g.widths {
		sum += n
	}
	return sum
}

// widest returns the width of the widest cell of a column.
func widest(rows [][][]markdown.Span, i int, plain func([]markdown.Span) string) (n int) {
	for _, row := range rows {
		for _, line := range broken(row[i]) {
			n = max(n, column.Width(plain(line)))
		}
	}
	return n
}

// longestWord returns the width of the longest word of a column.
func longestWord(rows [][][]markdown.Span, i int, plain func([]markdown.Span) string) (n int) {
	for _, row := range rows {
		for word := range strings.FieldsSeq(plain(row[i])) {
			n = max(n, column.Width(word))
		}
	}
	return n
}

// broken returns the lines of a text that says itself where one ends.
func broken(text []markdown.Span) (lines [][]markdown.Span) {
	begin := 0
	for i, s := range text {
		if s.Style == markdown.Break {
			lines = append(lines, text[begin:i])
			begin = i + 1
		}
	}
	return append(lines, text[begin:])
}

// wrap returns a text in lines of at most width columns.
func wrap(text []markdown.Span, width int, plain func([]markdown.Span) string) (lines [][]markdown.Span) {
	for _, part := range broken(text) {
		var line []markdown.Span
		for _, word := range words(part) {
			longer := append(append(line[:len(line):len(line)], markdown.Span{Words: " "}), word...)
			if len(line) == 0 {
				longer = word
			}
			if len(line) > 0 && column.Width(plain(longer)) > width {
				lines = append(lines, line)
				longer = word
			}
			line = longer
		}
		lines = append(lines, line)
	}
	return lines
}

// words returns the words of a text. A word may be of several spans.
func words(text []markdown.Span) (all [][]markdown.Span) {
	open := false // the last word goes on
	for _, s := range text {
		fields := strings.Fields(s.Words)
		if len(fields) == 0 || strings.HasPrefix(s.Words, " ") {
			open = false
		}
		for _, f := range fields {
			word := markdown.Span{Style: s.Style, Words: f}
			if open {
				last := len(all) - 1
				all[last] = append(all[last], word)
			} else {
				all = append(all, []markdown.Span{word})
			}
			open = false
		}
		open = len(fields) > 0 && !strings.HasSuffix(s.Words, " ")
	}
	return all
}

// lines returns the table as lines. styled returns a text as it is written.
func (g *grid) lines(styled, plain func([]markdown.Span) string) (all []string) {
	for i, row := range g.rows {
		if i > 1 && g.apart {
			all = append(all, "")
		}
		height := 0
		for _, c := range row {
			height = max(height, len(c))
		}
		for n := range height {
			var line strings.Builder
			missing := 0 // spaces that stand before the next text
			for k, c := range row {
				if n < len(c) && len(c[n]) > 0 {
					line.WriteString(strings.Repeat(" ", missing) + styled(c[n]))
					missing = g.widths[k] - column.Width(plain(c[n])) + betweenColumns
				} else {
					missing += g.widths[k] + betweenColumns
				}
			}
			all = append(all, line.String())
		}
	}
	return all
}
