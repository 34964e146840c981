package help

import "strings"

// A Text is what a verb says about itself, in the simple form in which it is written:
// paragraphs with empty lines between them, indented lists of a term and its meaning,
// indented lines that stay as they are, then "Exit status:" and "Examples:".
type Text struct {
	Body     []Block
	Exit     []Block
	Examples []Example
}

// A Block is one of a paragraph, a list, or lines that stay as they are.
type Block struct {
	Words string // a paragraph
	Items []Item
	Lines []string
}

// An Item is a term and its meaning.
type Item struct{ Term, Meaning string }

// An Example is a command line; it may go on over several lines.
type Example []string

// indent is how far lists, lines and examples are indented.
const indent = "  "

// Parse reads a text.
func Parse(s string) (t Text) {
	for section := range strings.SplitSeq(strings.Trim(s, "\n"), "\n\n") {
		lines := strings.Split(section, "\n")
		if lines[0] == "Examples:" {
			t.Examples = examples(lines[1:])
			continue
		}
		if rest, ok := strings.CutPrefix(lines[0], "Exit status:"); ok {
			lines[0] = strings.TrimSpace(rest)
			t.Exit = append(t.Exit, blocks(lines)...)
			continue
		}
		t.Body = append(t.Body, blocks(lines)...)
	}
	return t
}

// examples returns command lines. A line that ends with a backslash goes on in the next.
func examples(lines []string) (all []Example) {
	goesOn := false
	for _, line := range lines {
		line = strings.TrimPrefix(line, indent)
		if goesOn {
			all[len(all)-1] = append(all[len(all)-1], line)
		} else {
			all = append(all, Example{line})
		}
		goesOn = strings.HasSuffix(line, `\`)
	}
	return all
}

// blocks returns the blocks of lines without an empty line between them: what is indented
// begins a new one.
func blocks(lines []string) (all []Block) {
	for i := 0; i < len(lines); {
		j := i + 1
		for j < len(lines) && isIndented(lines[j]) == isIndented(lines[i]) {
			j++
		}
		switch run := lines[i:j]; {
		case !isIndented(run[0]):
			if words := strings.Join(run, " "); words != "" {
				all = append(all, Block{Words: words})
			}
		case isList(run):
			all = append(all, Block{Items: items(run)})
		default:
			all = append(all, Block{Lines: unindented(run)})
		}
		i = j
	}
	return all
}

func isIndented(line string) bool { return strings.HasPrefix(line, indent) }

// isList reports whether the first line is a term and its meaning, with two spaces or more
// between them, or a term whose meaning begins in the next line, further to the right.
func isList(lines []string) bool {
	_, meaning := cutTerm(lines[0])
	return meaning != "" || len(lines) > 1 && isMeaning(lines[1])
}

// cutTerm cuts a line into a term and its meaning.
func cutTerm(line string) (term, meaning string) {
	term, meaning, _ = strings.Cut(strings.TrimPrefix(line, indent), "  ")
	return term, strings.TrimSpace(meaning)
}

// isMeaning reports whether a line goes on with the meaning of the term before it.
func isMeaning(line string) bool { return strings.HasPrefix(line, indent+"   ") }

// items returns a list.
func items(lines []string) (all []Item) {
	for _, line := range lines {
		if len(all) > 0 && isMeaning(line) {
			last := &all[len(all)-1]
			last.Meaning = strings.TrimSpace(last.Meaning + " " + strings.TrimSpace(line))
			continue
		}
		term, meaning := cutTerm(line)
		all = append(all, Item{term, meaning})
	}
	return all
}

// unindented returns lines without the indent that all of them have.
func unindented(lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, strings.TrimPrefix(line, indent))
	}
	return all
}
