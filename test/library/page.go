// Package library has the whole programs of docs/library.md for tests: it reads them
// from the page, builds them in a module of their own, as an embedder does, and runs the
// page's command lines.
package library

import (
	"bytes"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxLines is how many lines a program of the page has at most, imports included.
const maxLines = 49

// A Program is a whole program of the page.
type Program struct {
	Name   string // by which the page runs it
	Source string
	Runs   []Run // at least one, in order

	line int // of the page, where the source begins
}

// A Run is a command line of the page, and what the page says comes of it.
type Run struct {
	Args   []string // without the program's name
	Input  string   // name of the file for standard input; empty: none
	Output string   // standard output; "exit status N" is its last line where N is not 0
}

// Page returns the programs of docs/library.md. What is wrong with the page fails the
// test.
func Page(t testing.TB) []Program {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root(t), "docs", "library.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := parse(string(b))
	if err != nil {
		t.Fatalf("docs/library.md: %v", err)
	}
	return programs
}

// Find returns the program of the page with a name.
func Find(t testing.TB, name string) Program {
	t.Helper()
	for _, p := range Page(t) {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("docs/library.md has no program %q", name)
	return Program{}
}

// parse reads a page. Each block of Go in it is a whole program, and a block of the kind
// "console" follows that runs it; there are no others.
func parse(page string) (programs []Program, err error) {
	for _, b := range blocks(page) {
		switch b.kind {
		case "go":
			p := Program{Source: b.text, line: b.line}
			if err := p.check(); err != nil {
				return nil, fmt.Errorf("line %d: %w", b.line, err)
			}
			programs = append(programs, p)
		case "console":
			if len(programs) == 0 {
				return nil, fmt.Errorf("line %d: a command line before the first program", b.line)
			}
			if err := programs[len(programs)-1].addRuns(b.text); err != nil {
				return nil, fmt.Errorf("line %d: %w", b.line, err)
			}
		default:
			return nil, fmt.Errorf("line %d: a block of the kind %q, want go or console", b.line, b.kind)
		}
	}
	for _, p := range programs {
		if len(p.Runs) == 0 {
			return nil, fmt.Errorf("line %d: no command line follows the program", p.line)
		}
	}
	return programs, nil
}

// A block is what stands between two fences.
type block struct {
	kind string
	text string
	line int // of the page, where the text begins
}

// blocks returns the fenced blocks of a page. One that is not closed ends with the page.
func blocks(page string) (all []block) {
	open := false
	number := 0
	for line := range strings.Lines(page) {
		number++
		kind, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence && !open:
			all = append(all, block{kind: kind, line: number + 1})
			open = true
		case fence:
			open = false
		case open:
			all[len(all)-1].text += line
		}
	}
	return all
}

// check returns what keeps the source from being a program of the page.
func (p *Program) check() error {
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", p.Source, parser.PackageClauseOnly)
	if err != nil {
		return fmt.Errorf("no whole program: %w", err)
	}
	if file.Name.Name != "main" {
		return fmt.Errorf("package %s, want main", file.Name.Name)
	}
	if n := strings.Count(p.Source, "\n"); n > maxLines {
		return fmt.Errorf("%d lines, want %d at most", n, maxLines)
	}
	formatted, err := format.Source([]byte(p.Source))
	if err != nil {
		return err
	}
	if !bytes.Equal(formatted, []byte(p.Source)) {
		return fmt.Errorf("not as gofmt has it, which is:\n%s", formatted)
	}
	return nil
}

// addRuns reads a block of command lines, each with its output below it.
func (p *Program) addRuns(text string) error {
	first := len(p.Runs)
	for line := range strings.Lines(text) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			if len(p.Runs) == first {
				return fmt.Errorf("output before the first command line: %q", line)
			}
			p.Runs[len(p.Runs)-1].Output += line
			continue
		}
		command, input, _ := strings.Cut(command, " < ")
		words := strings.Fields(command)
		switch {
		case len(words) == 0:
			return fmt.Errorf("a command line without a command")
		case p.Name == "":
			p.Name = words[0]
		case p.Name != words[0]:
			return fmt.Errorf("the program is called %q and %q", p.Name, words[0])
		}
		p.Runs = append(p.Runs, Run{Args: words[1:], Input: strings.TrimSpace(input)})
	}
	return nil
}
