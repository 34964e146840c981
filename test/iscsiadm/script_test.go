//go:build linux

package iscsiadm

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The marks at the start of the lines of a script.
const (
	markComment = "#" // stays when the answers are written anew
	markCommand = "$" // begins a case: arguments with blanks between, no quotes
	markExit    = "exit"
	markStdout  = ">"
	markStderr  = "!" // the last line of standard error
)

// A script is command lines that run on one database, in order.
type script struct {
	name  string
	cases []testCase
	end   []string // comments behind the last case
}

// A testCase is a command line and what the real program answers.
type testCase struct {
	comments []string
	line     string // the arguments
	exit     int
	stdout   string
	stderr   string // the last line
}

func (c *testCase) args() []string { return strings.Fields(c.line) }

// scripts reads all scripts.
func scripts(t *testing.T) []*script {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*.script"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("got %d scripts, %v", len(paths), err)
	}
	var out []*script
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parseScript(string(text))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		s.name = strings.TrimSuffix(filepath.Base(path), ".script")
		out = append(out, s)
	}
	return out
}

func parseScript(text string) (*script, error) {
	s := &script{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		mark, rest, _ := strings.Cut(line, " ")
		if mark == "" || mark == markComment {
			s.end = append(s.end, line)
			continue
		}
		if mark == markCommand {
			s.cases = append(s.cases, testCase{comments: s.end, line: rest})
			s.end = nil
			continue
		}
		if len(s.cases) == 0 {
			return nil, fmt.Errorf("%q: no case has begun", line)
		}
		if err := s.cases[len(s.cases)-1].add(mark, rest); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	return s, nil
}

// add adds a line to what the real program answers.
func (c *testCase) add(mark, rest string) (err error) {
	switch mark {
	case markExit:
		c.exit, err = strconv.Atoi(rest)
	case markStdout:
		c.stdout += rest + "\n"
	case markStderr:
		c.stderr = rest
	default:
		err = fmt.Errorf("no such mark")
	}
	return err
}

// write writes the script back.
func (s *script) write(t *testing.T) {
	t.Helper()
	var b strings.Builder
	put := func(mark, rest string) { b.WriteString(strings.TrimSuffix(mark+" "+rest, " ") + "\n") }
	for _, c := range s.cases {
		for _, line := range c.comments {
			b.WriteString(line + "\n")
		}
		put(markCommand, c.line)
		put(markExit, strconv.Itoa(c.exit))
		for line := range strings.Lines(c.stdout) {
			put(markStdout, strings.TrimSuffix(line, "\n"))
		}
		if c.stderr != "" {
			put(markStderr, c.stderr)
		}
	}
	for _, line := range s.end {
		b.WriteString(line + "\n")
	}
	if err := os.WriteFile(filepath.Join("testdata", s.name+".script"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
