package pages

import (
	"regexp"
	"strconv"
	"strings"
)

// escape is what a program says to a terminal beside text.
var escape = regexp.MustCompile(`^\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>])`)

// A screen is a terminal, as far as the commands use one: text, and a cursor that goes up
// and clears lines.
type screen struct {
	lines    [][]rune
	row, col int
}

// onScreen returns what stands on a terminal to which something was written.
func onScreen(written string) string {
	s := &screen{}
	for rest := written; rest != ""; {
		if m := escape.FindString(rest); m != "" {
			s.control(m)
			rest = rest[len(m):]
			continue
		}
		r := []rune(rest)[0]
		rest = rest[len(string(r)):]
		switch r {
		case '\n':
			s.row++
		case '\r':
			s.col = 0
		default:
			s.put(r)
		}
	}
	var b strings.Builder
	for _, l := range s.lines {
		b.WriteString(string(l) + "\n")
	}
	return b.String()
}

func (s *screen) put(r rune) {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
	for len(s.lines[s.row]) <= s.col {
		s.lines[s.row] = append(s.lines[s.row], ' ')
	}
	s.lines[s.row][s.col] = r
	s.col++
}

func (s *screen) control(sequence string) {
	n, err := strconv.Atoi(strings.Trim(sequence, "\x1b[ABCDHJKm"))
	if err != nil {
		n = 1
	}
	switch sequence[len(sequence)-1] {
	case 'A':
		s.row = max(0, s.row-n)
	case 'H':
		s.row, s.col = 0, 0
	case 'K':
		if s.row < len(s.lines) {
			s.lines[s.row] = s.lines[s.row][:min(s.col, len(s.lines[s.row]))]
		}
	case 'J':
		s.lines = s.lines[:min(s.row, len(s.lines))]
	}
}
