package pages

import (
	"fmt"
	"regexp"
	"strings"
)

// A block is an indented or fenced block of a page.
type block struct {
	line     int // in the page, of its first line
	marks    []mark
	text     []string // its lines, without the indent
	examples []example
}

// An example is a command and what the page says that it prints.
type example struct {
	line    int // in the page
	command string
	want    []string
}

// A mark is a comment of HTML before a block, such as <!-- not run: long -->.
type mark struct{ name, value string }

// The names of marks.
const (
	markNotRun      = "not run"     // the value is one of notRunReasons
	markLab         = "lab"         // the value is one of labEvents
	markFile        = "file"        // the block is the content of a file in the folder of the examples
	markFresh       = "fresh"       // with an empty registry
	markInterrupted = "interrupted" // the last command of the block is ended by Ctrl-C when it has printed what the page says
	markTerminal    = "terminal"    // the commands write to a terminal
)

var (
	comment = regexp.MustCompile(`^<!--\s*(.*?)\s*-->$`)
	fence   = regexp.MustCompile("^\\s*(```+|~~~+)")
	// command is a line that runs a command of ours, also in a pipe or after a variable.
	ours = regexp.MustCompile(`(^|[\s|(=/])(discoverd?)(\s|$)`)
)

const (
	prompt = "$ "
	indent = "    "
)

// has returns the value of a mark.
func (b *block) has(name string) (value string, ok bool) {
	for _, m := range b.marks {
		if m.name == name {
			return m.value, true
		}
	}
	return "", false
}

// runs reports whether a block has a command of ours.
func (b *block) runs() bool {
	for _, e := range b.examples {
		if ours.MatchString(e.command) {
			return true
		}
	}
	return false
}

// parse returns the blocks of a page.
func parse(page string) ([]*block, error) {
	var all []*block
	var marks []mark
	lines := strings.Split(page, "\n")
	take := func(from, to int, strip string) {
		b := &block{line: from + 1, marks: marks}
		for _, l := range lines[from:to] {
			b.text = append(b.text, strings.TrimPrefix(l, strip))
		}
		all, marks = append(all, b), nil
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case fence.MatchString(line):
			end := i + 1
			closing := fence.FindStringSubmatch(line)[1]
			for end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), closing) {
				end++
			}
			if end == len(lines) {
				return nil, fmt.Errorf("line %d: the block is not closed", i+1)
			}
			take(i+1, end, line[:strings.Index(line, closing)])
			i = end
		case strings.HasPrefix(line, indent) && (i == 0 || lines[i-1] == "" || comment.MatchString(lines[i-1])):
			end := i
			for j := i; j < len(lines) && (lines[j] == "" || strings.HasPrefix(lines[j], indent)); j++ {
				if lines[j] != "" {
					end = j + 1
				}
			}
			take(i, end, indent)
			i = end - 1
		case comment.MatchString(line):
			name, value, _ := strings.Cut(comment.FindStringSubmatch(line)[1], ":")
			switch name {
			case markNotRun, markLab, markFile, markFresh, markInterrupted, markTerminal:
				marks = append(marks, mark{name, strings.TrimSpace(value)})
			}
		case line != "" && marks != nil:
			return nil, fmt.Errorf("line %d: the mark %q stands before no block", i+1, marks[0].name)
		}
	}
	for _, b := range all {
		b.parse()
	}
	return all, nil
}

// parse finds the examples of a block. A command may go on in the next line after a
// backslash; an empty line means nothing.
func (b *block) parse() {
	for i := 0; i < len(b.text); i++ {
		line := b.text[i]
		if command, ok := strings.CutPrefix(line, prompt); ok {
			e := example{line: b.line + i, command: command}
			for strings.HasSuffix(e.command, `\`) && i+1 < len(b.text) {
				i++
				e.command = strings.TrimSuffix(e.command, `\`) + strings.TrimSpace(b.text[i])
			}
			b.examples = append(b.examples, e)
		} else if n := len(b.examples); n > 0 && strings.TrimSpace(line) != "" {
			b.examples[n-1].want = append(b.examples[n-1].want, line)
		}
	}
}
