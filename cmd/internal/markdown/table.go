package markdown

import "strings"

// isTable reports whether lines begin with the head of a table, and the line below it.
func isTable(lines []string) bool {
	if len(lines) < 2 || !isRow(lines[0]) || !isRow(lines[1]) {
		return false
	}
	under := strings.TrimSpace(lines[1])
	return strings.Contains(under, "-") && strings.Trim(under, "|-: ") == ""
}

func isRow(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "|") }

// table reads a table. Each row has as many cells as the head: what is behind the last of
// them is part of it.
func table(lines []string) (*Part, []string) {
	p := &Part{Kind: Table}
	n := 0
	for n < len(lines) && isRow(lines[n]) {
		if n != 1 {
			p.Rows = append(p.Rows, cells(lines[n]))
		}
		n++
	}
	for i, row := range p.Rows {
		for len(row) < len(p.Rows[0]) {
			row = append(row, nil)
		}
		n := len(p.Rows[0])
		for _, more := range row[n:] {
			row[n-1] = append(append(row[n-1], Span{Words: " | "}), more...)
		}
		p.Rows[i] = row[:n]
	}
	return p, lines[n:]
}

// cells returns the cells of a row. A vertical bar behind a backslash ends none.
func cells(line string) (row [][]Span) {
	line = strings.TrimPrefix(strings.TrimSpace(line), "|")
	var cell strings.Builder
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == '|':
			i++
			cell.WriteByte('|')
		case line[i] == '|':
			row = append(row, spans(strings.TrimSpace(cell.String())))
			cell.Reset()
		default:
			cell.WriteByte(line[i])
		}
	}
	if strings.TrimSpace(cell.String()) != "" {
		row = append(row, spans(strings.TrimSpace(cell.String())))
	}
	return row
}
