package markdown

import "strings"

// Parse reads a page.
func Parse(page string) []Part {
	page = strings.ReplaceAll(page, "\r\n", "\n")
	return parts(strings.Split(page, "\n"))
}

// codeIndent is how far code is indented.
const codeIndent = 4

// parts reads lines.
func parts(lines []string) (all []Part) {
	for len(lines) > 0 {
		var p *Part
		p, lines = nextPart(lines)
		if p != nil {
			all = append(all, *p)
		}
	}
	return all
}

// nextPart reads the part that begins with the first of lines, and returns the lines behind
// it. nil: these lines show nothing.
func nextPart(lines []string) (*Part, []string) {
	line := lines[0]
	text := strings.TrimSpace(line)
	switch {
	case text == "" || isRule(text):
		return nil, lines[1:]
	case indentOf(line) >= codeIndent:
		return indented(lines)
	case isFence(text):
		return fenced(lines)
	case strings.HasPrefix(text, "<!--"):
		return nil, behind(lines, func(s string) bool { return strings.Contains(s, "-->") })
	case isTag(text):
		return nil, lines[1:]
	case levelOf(text) > 0:
		level := levelOf(text)
		return &Part{Kind: Heading, Level: level, Text: spans(strings.Trim(text, "# "))}, lines[1:]
	case isTable(lines):
		return table(lines)
	case markerOf(line).width > 0:
		return list(lines)
	case strings.HasPrefix(text, ">"):
		return quote(lines)
	}
	return paragraph(lines)
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func isFence(text string) bool {
	return strings.HasPrefix(text, "```") || strings.HasPrefix(text, "~~~")
}

// isRule reports a line across the page.
func isRule(text string) bool {
	return len(text) >= 3 && (strings.Trim(text, "-") == "" || strings.Trim(text, "*") == "" || strings.Trim(text, "_") == "")
}

// isTag reports a line that is one tag of HTML.
func isTag(text string) bool {
	inside, ok := strings.CutPrefix(text, "<")
	inside, after, closed := strings.Cut(inside, ">")
	return ok && closed && after == "" && isTagName(inside)
}

// isTagName reports whether a tag of HTML is between two angle brackets, by its name.
func isTagName(inside string) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(inside, "/"), " ")
	switch strings.TrimSuffix(name, "/") {
	case "a", "p", "b", "i", "br", "img", "picture", "source", "div", "details", "summary", "kbd", "sub", "sup":
		return true
	}
	return false
}

// levelOf returns the level of a heading; 0: the line is none.
func levelOf(text string) int {
	n := len(text) - len(strings.TrimLeft(text, "#"))
	if n > 6 || n == len(text) || text[n] != ' ' {
		return 0
	}
	return n
}

// behind returns the lines behind the first of which something is true.
func behind(lines []string, last func(string) bool) []string {
	for i, line := range lines {
		if last(line) {
			return lines[i+1:]
		}
	}
	return nil
}

// indented reads code that is indented.
func indented(lines []string) (*Part, []string) {
	n, end := 0, 0
	for n < len(lines) && (strings.TrimSpace(lines[n]) == "" || indentOf(lines[n]) >= codeIndent) {
		n++
		if strings.TrimSpace(lines[n-1]) != "" {
			end = n
		}
	}
	return &Part{Kind: Code, Lines: dedent(lines[:end], codeIndent)}, lines[end:]
}

// dedent returns lines without their first n spaces.
func dedent(lines []string, n int) (all []string) {
	for _, line := range lines {
		all = append(all, line[min(n, indentOf(line)):])
	}
	return all
}

// fenced reads code between lines of backticks.
func fenced(lines []string) (*Part, []string) {
	fence := strings.TrimSpace(lines[0])
	fence = fence[:len(fence)-len(strings.TrimLeft(fence, fence[:1]))]
	n := 1
	for n < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[n]), fence) {
		n++
	}
	return &Part{Kind: Code, Lines: dedent(lines[1:n], indentOf(lines[0]))}, lines[min(n+1, len(lines)):]
}

// quote reads a quotation as what it has.
func quote(lines []string) (*Part, []string) {
	n := 0
	var inside []string
	for n < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[n]), ">") {
		inside = append(inside, strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(lines[n]), ">"), " "))
		n++
	}
	return nextPart(append(inside, lines[n:]...))
}

// paragraph reads lines up to an empty one, or to one that begins something else.
func paragraph(lines []string) (*Part, []string) {
	n := 1
	for n < len(lines) && !begins(lines[n:]) {
		n++
	}
	return &Part{Kind: Paragraph, Text: spans(joined(lines[:n]))}, lines[n:]
}

// begins reports whether the first of lines ends a paragraph before it.
func begins(lines []string) bool {
	text := strings.TrimSpace(lines[0])
	return text == "" || isFence(text) || levelOf(text) > 0 || strings.HasPrefix(text, "<!--") || isTag(text) || isTable(lines) || markerOf(lines[0]).isFirst()
}

// joined returns lines as one. Two spaces or a backslash at the end of a line keep the line
// from going on.
func joined(lines []string) string {
	var b strings.Builder
	for i, line := range lines {
		switch broken := strings.HasSuffix(line, "  ") || strings.HasSuffix(line, `\`); {
		case i == len(lines)-1:
			b.WriteString(strings.TrimSpace(line))
		case broken:
			b.WriteString(strings.TrimSpace(strings.TrimSuffix(line, `\`)) + "<br>")
		default:
			b.WriteString(strings.TrimSpace(line) + " ")
		}
	}
	return b.String()
}
