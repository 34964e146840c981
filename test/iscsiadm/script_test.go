//go:build linux

package iscsiadm

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The marks at the start of the lines of a script.
const (
	markComment = "#"
	markCommand = "$" // begins a case: arguments with blanks between, no quotes
	markExit    = "exit"
	markStdout  = ">"
	markStderr  = "!" // the last line of standard error
	// markOurs begins what our program answers otherwise, on purpose: "alone",
	// "beside" or both, a colon, and the reason.
	markOurs = "="
)

// A script is command lines that run on one database, in order.
type script struct {
	name  string
	cases []*testCase
	end   []string // comments behind the last case
}

// A testCase is a command line, what the real program answers, and where ours does
// otherwise.
type testCase struct {
	comments []string
	line     string // the arguments
	real     said
	ours     []*difference
}

// What a program said, as a script has it.
type said struct {
	exit   int
	stdout string
	stderr string // one line
}

// A difference is what our program answers otherwise, on purpose.
type difference struct {
	places []string
	why    string
	ours   said
}

func (c *testCase) args() []string { return strings.Fields(c.line) }

// difference returns that of a place; nil: there is none.
func (c *testCase) difference(place string) *difference {
	i := slices.IndexFunc(c.ours, func(d *difference) bool { return slices.Contains(d.places, place) })
	if i < 0 {
		return nil
	}
	return c.ours[i]
}

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
	var c *testCase
	answer := &said{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case "", markComment:
			s.end = append(s.end, line)
		case markCommand:
			c = &testCase{comments: s.end, line: rest}
			s.cases, s.end, answer = append(s.cases, c), nil, &c.real
		case markOurs:
			places, why, ok := strings.Cut(rest, ": ")
			if c == nil || !ok {
				return nil, fmt.Errorf("%q: no case, or no reason", line)
			}
			d := &difference{places: strings.Fields(places), why: why}
			c.ours, answer = append(c.ours, d), &d.ours
		default:
			if err := answer.add(mark, rest); err != nil {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
		}
	}
	return s, nil
}

// add adds a line to what a program said.
func (s *said) add(mark, rest string) (err error) {
	switch mark {
	case markExit:
		s.exit, err = strconv.Atoi(rest)
	case markStdout:
		s.stdout += rest + "\n"
	case markStderr:
		s.stderr = rest
	default:
		err = fmt.Errorf("no such mark")
	}
	return err
}

// lines are those that add makes an answer of.
func (s *said) lines() []string {
	out := []string{markExit + " " + strconv.Itoa(s.exit)}
	for line := range strings.Lines(s.stdout) {
		out = append(out, marked(markStdout, strings.TrimSuffix(line, "\n")))
	}
	if s.stderr != "" {
		out = append(out, markStderr+" "+s.stderr)
	}
	return out
}

// marked is a line of a script.
func marked(mark, rest string) string {
	if rest == "" {
		return mark
	}
	return mark + " " + rest
}

// text is what parseScript reads.
func (s *script) text() string {
	var lines []string
	for _, c := range s.cases {
		lines = append(lines, c.comments...)
		lines = append(lines, marked(markCommand, c.line))
		lines = append(lines, c.real.lines()...)
		for _, d := range c.ours {
			lines = append(lines, marked(markOurs, strings.Join(d.places, " ")+": "+d.why))
			lines = append(lines, d.ours.lines()...)
		}
	}
	return strings.Join(append(lines, s.end...), "\n") + "\n"
}

// write writes the script back.
func (s *script) write(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("testdata", s.name+".script"), []byte(s.text()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestScripts: reading the scripts and writing them changes nothing, and there are the 81
// command lines that the comparison began with, and more.
func TestScripts(t *testing.T) {
	var cases int
	for _, s := range scripts(t) {
		text, err := os.ReadFile(filepath.Join("testdata", s.name+".script"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), s.text()); diff != "" {
			t.Errorf("%s: read (-) and written (+):\n%s", s.name, diff)
		}
		cases += len(s.cases)
	}
	if t.Logf("%d command lines", cases); cases < 81 {
		t.Errorf("got %d command lines", cases)
	}
}
