//go:build linux

package uml

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// testLimit is how long tests in a guest may take where no argument says so.
const testLimit = "-test.timeout=2m"

// RunTests runs a Program that is a package's tests in the guest, with arguments
// such as "-test.run=^TestX$". What they print comes in the log line by line,
// while they run. If they fail, so does the test; also if they miss something, as
// a guest lacks nothing that its host has, if one is skipped, and if there are none.
func (g *Guest) RunTests(t testing.TB, program string, args ...string) {
	t.Helper()
	passed, skipped := 0, 0
	out := &lines{log: func(line string) {
		t.Logf("%s: %s", program, line)
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "--- PASS: "):
			passed++
		case strings.HasPrefix(line, "--- SKIP: "):
			skipped++
		}
	}}
	cmd := Command{Args: append([]string{program, testLimit, "-test.v"}, args...), Env: []string{need.All + "=1"}}
	err := g.Exec(t.Context(), cmd, out)
	out.end()
	if err != nil {
		t.Error(err)
	} else if passed == 0 || skipped > 0 {
		t.Errorf("%s %v: %d tests passed and %d were skipped", program, args, passed, skipped)
	}
}

// lines hands on what is written to it, line by line.
type lines struct {
	log  func(string)
	rest []byte // a line that has not ended
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, ended := bytes.Cut(l.rest, []byte("\n"))
		if !ended {
			return len(p), nil
		}
		l.log(string(line))
		l.rest = rest
	}
}

// end hands on what has no end of line.
func (l *lines) end() {
	if len(l.rest) > 0 {
		l.log(string(l.rest))
	}
}
