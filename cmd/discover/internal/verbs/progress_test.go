package verbs

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A screen is a terminal that standard output and standard error both are.
type screen struct {
	mu  sync.Mutex // guards raw
	raw strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.raw.Write(p)
}

// lines returns what is to be seen.
func (s *screen) lines() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for line := range strings.SplitSeq(s.raw.String(), "\n") {
		var seen []byte
		at := 0
		for _, c := range []byte(line) {
			switch {
			case c == '\r':
				at = 0
				continue
			case at < len(seen):
				seen[at] = c
			default:
				seen = append(seen, c)
			}
			at++
		}
		all = append(all, strings.TrimRight(string(seen), " "))
	}
	return strings.Join(all, "\n")
}

// TestProgress: on a terminal a sweep says how far it is, in numbers alone, and
// nothing of that stays; what is printed is the same with it and without.
func TestProgress(t *testing.T) {
	t.Parallel()
	sweep := func(t *testing.T, columns int, args ...string) (r ran, s *screen) {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			s = new(screen)
			l.stdout, l.stderr = s, s
			l.columns = map[io.Writer]int{s: columns}
			for i := range 20 { // and as many that are silent
				l.Portal(fmt.Sprintf("10.0.0.%d:3260", 2*i+2))
				l.Portal(fmt.Sprintf("10.0.0.%d:3260", 2*i+1), &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:asked"}}})
			}
			r = l.discover(t.Context(), append([]string{"scan", "10.0.0.1-10.0.0.40", "--timeout", "5s", "--parallel", "4"}, args...)...)
		})
		return r, s
	}
	line := regexp.MustCompile(`\r(\d+ of 40 asked, \d+ connected, \d+ logged in, \d+ targets?(, \d+ s left)?)`)
	for _, format := range render.Formats {
		without, plain := sweep(t, 0, "-o", format)
		with, shown := sweep(t, 80, "-o", format)
		elapsed := regexp.MustCompile(`"elapsed_ms":[\d.]+,"phases_ms":{[^}]*}`)
		same := func(s string) string { // as -o jsonl has no order
			lines := strings.Split(elapsed.ReplaceAllString(s, ""), "\n")
			slices.Sort(lines)
			return strings.Join(lines, "\n")
		}
		if diff := cmp.Diff(same(plain.lines()), same(shown.lines())); diff != "" || without.status != with.status {
			t.Errorf("-o %s: exit status %d, want %d; on the terminal (- without progress, + with):\n%s", format, with.status, without.status, diff)
		}
		if strings.Contains(plain.raw.String(), "\r") {
			t.Errorf("-o %s: progress without a terminal", format)
		}
		if n := len(line.FindAllString(shown.raw.String(), -1)); n < 10 && format != render.FormatJSON { // of which a line is open between results
			t.Errorf("-o %s: the line was shown %d times:\n%.300q", format, n, shown.raw.String())
		}
	}
	_, narrow := sweep(t, 20, "-o", render.FormatJSONL)
	for part := range strings.SplitSeq(narrow.raw.String(), "\r") {
		if len(part) > 19 && !strings.Contains(part, "\n") {
			t.Errorf("20 columns: %q", part)
		}
	}
}

// TestProgressEach: with a session from each port a portal counts once as asked.
func TestProgressEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		s := new(screen)
		l.stdout, l.stderr = io.Discard, s
		l.columns = map[io.Writer]int{s: 80}
		for i := range 20 { // from one port an answer, from the other none
			l.Portal(fmt.Sprintf("192.0.2.%d:3260", 2*i+1), &iscsitest.Target{}, iscsitest.Script{iscsitest.Silence()})
			l.Portal(fmt.Sprintf("192.0.2.%d:3260", 2*i+2))
		}
		if r := l.scanEach(t, "192.0.2.1-192.0.2.40", "--timeout", "2s"); r.status != exit.Partly {
			t.Errorf("exit status %d, %s", r.status, r.stderr)
		}
		all := regexp.MustCompile(`\r(\d+) of 40 asked, (\d+) connected, (\d+) logged in`).FindAllStringSubmatch(s.raw.String(), -1)
		if len(all) < 10 {
			t.Fatalf("the line was shown %d times:\n%.300q", len(all), s.raw.String())
		}
		before := [3]int{}
		for _, m := range all {
			var now [3]int
			for i := range now {
				now[i], _ = strconv.Atoi(m[i+1])
			}
			if now[0] < before[0] || now[1] < before[1] || now[2] < before[2] || now[0] > 40 || now[1] > 40 || now[2] > 20 {
				t.Fatalf("%v after %v", now, before)
			}
			before = now
		}
		if before[0] < 38 {
			t.Errorf("%v at the end, want nearly 40 of 40", before)
		}
	})
}
