package markdown

import "strings"

// A marker is what stands before an item of a list.
type marker struct {
	word  string // * or 1.
	width int    // of the indent, the word and the spaces behind it; 0: there is none
}

// markerOf returns the marker with which a line begins.
func markerOf(line string) marker {
	text := strings.TrimLeft(line, " ")
	word, rest, ok := strings.Cut(text, " ")
	if !ok || strings.TrimSpace(rest) == "" || !isMarker(word) {
		return marker{}
	}
	spaces := 1 + indentOf(rest)
	if spaces > codeIndent {
		spaces = 1 // code in the item
	}
	return marker{word, indentOf(line) + len(word) + spaces}
}

func isMarker(word string) bool {
	switch word {
	case "*", "-", "+":
		return true
	}
	digits := strings.TrimRight(word, ".)")
	return len(digits) == len(word)-1 && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// isBullet reports a marker that is no number.
func (m marker) isBullet() bool { return len(m.word) == 1 }

// isFirst reports whether a list may begin so right behind a line of text. A line of text
// may well begin with a number.
func (m marker) isFirst() bool { return m.width > 0 && (m.isBullet() || m.word == "1.") }

// list reads the items of a list.
func list(lines []string) (*Part, []string) {
	p := &Part{Kind: List}
	first := markerOf(lines[0])
	for len(lines) > 0 {
		m := markerOf(lines[0])
		if m.width == 0 || m.isBullet() != first.isBullet() || indentOf(lines[0]) >= codeIndent {
			break
		}
		n := itemEnd(lines, m)
		inside := append([]string{lines[0][m.width:]}, dedent(lines[1:n], m.width)...)
		item := Item{Parts: parts(inside)}
		if !m.isBullet() {
			item.Marker = m.word
		}
		p.Items = append(p.Items, item)
		for n < len(lines) && strings.TrimSpace(lines[n]) == "" {
			n++
		}
		lines = lines[n:]
	}
	return p, lines
}

// itemEnd returns how many lines an item has: those that are indented as its text, and
// lines that go on with a paragraph.
func itemEnd(lines []string, m marker) int {
	end := 1
	for n := 1; n < len(lines); n++ {
		blank := strings.TrimSpace(lines[n]) == ""
		switch {
		case blank:
			continue
		case indentOf(lines[n]) >= m.width:
		case n == end && !begins(lines[n:]) && markerOf(lines[n]).width == 0: // goes on with the paragraph
		default:
			return end
		}
		end = n + 1
	}
	return end
}
