package verbs

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A glance is a time of a run, and what the terminal shows then.
type glance struct {
	after time.Duration
	want  string
}

// watchedOn runs the command with both outputs on a terminal of so many columns, and looks
// at it.
func watchedOn(t *testing.T, l *lab, columns int, glances []glance, args ...string) (r ran, s *screen) {
	t.Helper()
	s = new(screen)
	l.stdout, l.stderr = s, s
	l.columns = map[io.Writer]int{s: columns}
	begun := time.Now()
	go func() {
		for _, g := range glances {
			time.Sleep(time.Until(begun.Add(g.after)))
			synctest.Wait()
			if got := s.lines(); got != g.want {
				t.Errorf("%v after %v: got\n%s\nwant\n%s", args, g.after, got, g.want)
			}
		}
	}()
	r = l.discover(t.Context(), args...)
	if at := glances[len(glances)-1].after; time.Since(begun) <= at {
		t.Errorf("%v: the run ended after %v, before the last glance", args, time.Since(begun))
	}
	return r, s
}

// threePortals is a lab in which the portal in the middle is silent.
func threePortals(t *testing.T) *lab {
	l := newLab(t)
	for _, a := range []string{"192.0.2.10", "192.0.2.12"} {
		answer := &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk"}}}
		l.Portal(a+":3260", answer, answer, answer)
	}
	l.Portal("192.0.2.11:3260")
	return l
}

const (
	tenth   = "192.0.2.10:3260: 1 target\n  iqn.2026-11.com.example:disk  192.0.2.10:3260\n"
	silence = "discover: connect to 192.0.2.11:3260: no answer within 5s; check the route and the firewalls in between\n"
	twelfth = "192.0.2.12:3260: 1 target\n  iqn.2026-11.com.example:disk  192.0.2.12:3260\n"
)

// TestWaitingFor: on a terminal a portal is printed when its turn has come, and from one
// second on a line names the one that is waited for, and goes away (issue 19, 2).
func TestWaitingFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		args    string
		columns int
		glances []glance
		end     string
	}{
		{"the second of three is silent", "scan 192.0.2.10 192.0.2.11 192.0.2.12", 80, []glance{
			{900 * time.Millisecond, tenth},
			{1100 * time.Millisecond, tenth + "2 of 3 done, waiting for 192.0.2.11:3260 (connecting, 1 s of 5 s)"},
			{3100 * time.Millisecond, tenth + "2 of 3 done, waiting for 192.0.2.11:3260 (connecting, 3 s of 5 s)"},
		}, tenth + silence + twelfth},
		{"one portal", "scan 192.0.2.11", 80, []glance{
			{900 * time.Millisecond, ""},
			{1100 * time.Millisecond, "waiting for 192.0.2.11:3260 (connecting, 1 s of 5 s)"},
			{4900 * time.Millisecond, "waiting for 192.0.2.11:3260 (connecting, 4 s of 5 s)"},
		}, silence},
		{"it takes the connection, and says nothing", "scan 192.0.2.13", 200, []glance{
			{1100 * time.Millisecond, "waiting for 192.0.2.13:3260 (logging in, 1 s of 5 s)"},
		}, "discover: login to 192.0.2.13:3260 from 192.0.2.254: no answer within 5s; something listens there, but it does not speak iSCSI or is overloaded\n"},
		{"a narrow terminal", "scan 192.0.2.10 192.0.2.11 192.0.2.12", 40, []glance{
			{1100 * time.Millisecond, tenth + "waiting for 192.0.2.11:3260"},
		}, tenth + silence + twelfth},
		{"a block has less time to connect", "scan 192.0.2.10-192.0.2.12", 80, []glance{
			{1100 * time.Millisecond, tenth + "2 of 3 done, waiting for 192.0.2.11:3260 (connecting, 1 s of 3 s)"},
		}, tenth + twelfth + "discover: 192.0.2.10-192.0.2.12: 2 of 3 addresses answered, 1 silent\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := threePortals(t)
				l.Portal("192.0.2.13:3260", iscsitest.Script{iscsitest.Silence()})
				_, s := watchedOn(t, l, tt.columns, tt.glances, append(strings.Fields(tt.args), "--timeout", "5s")...)
				if got := s.lines(); got != tt.end {
					t.Errorf("at the end: got\n%s\nwant\n%s", got, tt.end)
				}
			})
		})
	}
}

// TestWaitingForStored: the verbs that ask portals of the registry show it, too.
func TestWaitingForStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := threePortals(t)
		registry := "--registry=" + filepath.Join(t.TempDir(), "registry.db")
		for i := range 3 {
			l.discover(t.Context(), "portal", "add", fmt.Sprintf("192.0.2.1%d", i), "--timeout", "1s", registry)
		}
		const line = "2 of 3 done, waiting for 192.0.2.11:3260 (connecting, 1 s of 5 s)"
		for _, tt := range []struct{ args, printed, end string }{
			{"portal refresh", tenth, tenth + silence + twelfth},
			{"target list --refresh", "", silence + "TARGET"},
			{"portal refresh 192.0.2.11", "", silence},
			{"portal refresh 192.0.2.11:3260 192.0.2.11", "", silence}, // which is one portal
			{"target list --refresh --portal 192.0.2.11", "", silence},
		} {
			want := tt.printed + line
			if strings.HasSuffix(tt.args, ".11") {
				want = strings.TrimPrefix(line, "2 of 3 done, ")
			}
			_, s := watchedOn(t, l, 80, []glance{{900 * time.Millisecond, tt.printed}, {1100 * time.Millisecond, want}},
				append(strings.Fields(tt.args), "--timeout", "5s", registry)...)
			if got := s.lines(); !strings.HasPrefix(got, tt.end) || strings.Contains(got, "waiting") {
				t.Errorf("%s: at the end: got\n%s\nwant\n%s", tt.args, got, tt.end)
			}
		}
	})
}

// TestWaitingInterrupted: Ctrl-C, which the terminal shows behind the line, takes it away.
func TestWaitingInterrupted(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"scan 192.0.2.10 192.0.2.11", "portal refresh 192.0.2.11"} {
		synctest.Test(t, func(t *testing.T) {
			l, s := threePortals(t), new(screen)
			l.stdout, l.stderr = s, s
			l.columns = map[io.Writer]int{s: 80}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2*time.Second, func() {
				synctest.Wait()
				if got := s.lines(); !strings.Contains(got, "waiting for 192.0.2.11:3260 (connecting, 2 s of 5 s)") {
					t.Errorf("%s: after 2 s: got\n%s", verb, got)
				}
				_, _ = io.WriteString(s, "^C")
				cancel()
			})
			l.discover(ctx, append(strings.Fields(verb), "--timeout", "5s", "--registry", filepath.Join(t.TempDir(), "registry.db"))...)
			if got := s.lines(); strings.Contains(got, "waiting") || strings.Contains(got, "^C") || !strings.Contains(got, "cancel") {
				t.Errorf("%s: at the end: got\n%s", verb, got)
			}
		})
	}
}

// TestWaitingElsewhere: where standard error is no terminal, or one that takes lines and
// nothing else, there is no such line, and portals are printed when their turn has come all
// the same.
func TestWaitingElsewhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, format string
		dumb         bool
		terminals    [2]bool // standard output, standard error
		shown        bool
	}{
		{name: "output alone is a terminal", terminals: [2]bool{true, false}},
		{name: "dumb", terminals: [2]bool{true, true}, dumb: true},
		{name: "no terminal"},
		{name: "error alone is a terminal", terminals: [2]bool{false, true}, shown: true},
		{name: "jsonl into a pipe", format: "jsonl", terminals: [2]bool{false, true}, shown: true},
		{name: "json into a pipe", format: "json", terminals: [2]bool{false, true}, shown: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, stdout, stderr := threePortals(t), new(screen), new(screen)
				l.stdout, l.stderr, l.columns = stdout, stderr, map[io.Writer]int{}
				for i, w := range []io.Writer{stdout, stderr} {
					if tt.terminals[i] {
						l.columns[w] = 80
					}
				}
				if tt.dumb {
					l.env["TERM"] = "dumb"
				}
				time.AfterFunc(2*time.Second, func() {
					synctest.Wait()
					if got := stdout.lines(); !strings.Contains(got, "example:disk") {
						t.Errorf("after 2 s: got\n%s\nwithout the first portal", got)
					}
					if got := stderr.lines(); strings.Contains(got, "waiting") != tt.shown {
						t.Errorf("after 2 s: got\n%s\nwant the line: %t", got, tt.shown)
					}
				})
				l.discover(t.Context(), "scan", "192.0.2.10", "192.0.2.11", "--timeout", "5s", "-o", cmp.Or(tt.format, "table"))
				if got := stdout.lines() + stderr.lines(); strings.Contains(got, "waiting") {
					t.Errorf("at the end: got\n%s", got)
				}
			})
		})
	}
}
