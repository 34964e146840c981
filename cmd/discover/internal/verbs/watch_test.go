package verbs

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// watched runs a watch for some time, which ends it as a signal does.
func (l *lab) watched(t *testing.T, d time.Duration, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return l.discover(ctx, append([]string{"watch"}, args...)...)
}

// told returns the types of the events of -o jsonl, with the target where there is one.
func told(t *testing.T, stdout string) (all []string) {
	t.Helper()
	seq := uint64(0)
	for line := range strings.Lines(stdout) {
		var e struct {
			Schema int
			Seq    uint64
			Type   string
			Portal string
			Target string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Schema != 1 || e.Seq <= seq {
			t.Errorf("%v: %s", err, line)
		}
		seq = e.Seq
		all = append(all, strings.TrimSpace(e.Type+" "+strings.TrimSuffix(e.Portal, ":3260")+" "+strings.TrimPrefix(e.Target, "iqn.2026-11.com.example:")))
	}
	return all
}

// changing are the answers of a portal: a target appears, then the portal is silent.
func changing() []iscsitest.Handler {
	one := &iscsitest.Target{Records: twoTargets().Records[:1]}
	return []iscsitest.Handler{one, twoTargets(), twoTargets(), iscsitest.Script{iscsitest.Close()}, twoTargets()}
}

// TestWatchPortals: portals of the command line are asked again and again; what changes is
// told, and nothing is stored.
func TestWatchPortals(t *testing.T) {
	t.Parallel()
	registry := filepath.Join(t.TempDir(), "registry.db")
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", changing()...)
		r := l.watched(t, 5*time.Minute, "-o", "jsonl", "--now", "--retries", "0", "--every", "20s", "--registry", registry, "192.0.2.10")
		want := []string{"snapshot 192.0.2.10", "target-appeared 192.0.2.10 disk-two", "portal-failed 192.0.2.10", "portal-recovered 192.0.2.10"}
		if diff := cmp.Diff(want, told(t, r.stdout)); diff != "" || r.status != exit.OK || r.stderr != "" {
			t.Errorf("got %+v\n%s", r, diff)
		}
	})
	if files, _ := filepath.Glob(registry + "*"); len(files) > 0 {
		t.Errorf("there are files: %v", files)
	}
}

// TestWatchLines: elsewhere than on a terminal each event is a line for people.
func TestWatchLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", changing()...)
		r := l.watched(t, 5*time.Minute, "--now", "--every", "20s", "192.0.2.10")
		line := regexp.MustCompile(`(?m)^2000-01-01T00:0\d:\d\dZ 192.0.2.10:3260 from (all|host/0|192.0.2.254): .*$`)
		if n := len(line.FindAllString(r.stdout, -1)); n < 2 || n != strings.Count(r.stdout, "\n") || r.status != exit.OK {
			t.Errorf("got %+v", r)
		}
	})
}

// TestWatchOnce: the first event that is wanted ends the watch.
func TestWatchOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", changing()...)
		begun := time.Now()
		r := l.watched(t, time.Hour, "-o", "jsonl", "--once-changed", "--retries", "0", "--for", "portal-failed,path-lost", "--every", "10s", "192.0.2.10")
		if diff := cmp.Diff([]string{"portal-failed 192.0.2.10"}, told(t, r.stdout)); diff != "" || r.status != exit.OK || time.Since(begun) > 2*time.Minute {
			t.Errorf("got %+v after %v\n%s", r, time.Since(begun), diff)
		}
	})
}

// TestWatchEach: with --initiator-port each, a portal is watched from every port.
func TestWatchEach(t *testing.T) {
	t.Parallel()
	registry := filepath.Join(t.TempDir(), "registry.db")
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		r := l.watched(t, time.Minute, "-o", "jsonl", "--now", "--initiator-port", "each", "--registry", registry, "192.0.2.10")
		for _, want := range []string{`"source":"192.0.2.254"`, `"source":"192.0.2.253"`} {
			if strings.Count(r.stdout, want) != 1 {
				t.Errorf("got %+v, want %s once", r, want)
			}
		}
		if strings.Count(r.stdout, "snapshot") != 2 || r.status != exit.OK {
			t.Errorf("got %+v", r)
		}
	})
}

// TestWatchRegistry: the portals of the registry are watched, those that come later, too,
// and what they answer is taken into it.
func TestWatchRegistry(t *testing.T) {
	t.Parallel()
	registry := filepath.Join(t.TempDir(), "registry.db")
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", changing()...)
		hangup := make(chan struct{})
		l.hangups = hangup
		done := make(chan ran)
		go func() { done <- l.watched(t, 3*time.Minute, "-o", "jsonl", "--every", "1m", "--registry", registry) }()
		time.Sleep(time.Second)
		if r := l.discover(t.Context(), "portal", "add", "192.0.2.10", "--registry", registry); r.status != exit.OK {
			t.Errorf("got %+v", r)
		}
		hangup <- struct{}{}
		r := <-done
		got := told(t, r.stdout)
		if len(got) < 2 || got[0] != "portal-added 192.0.2.10" || r.status != exit.OK {
			t.Errorf("got %v, %+v", got, r)
		}
		if r := l.discover(t.Context(), "target", "list", "--registry", registry); !strings.Contains(r.stdout, "disk-two") {
			t.Errorf("got %+v", r)
		}
	})
}

// TestWatchNothing: an empty registry is said, and the watch goes on; one that cannot be
// opened ends it.
func TestWatchNothing(t *testing.T) {
	t.Parallel()
	registry := filepath.Join(t.TempDir(), "registry.db")
	synctest.Test(t, func(t *testing.T) {
		r := newLab(t).watched(t, time.Minute, "--registry", registry)
		if r.status != exit.OK || r.stdout != "" || !strings.Contains(r.stderr, "no portals in the registry "+registry+" yet; add one with discover portal add PORTAL\n") {
			t.Errorf("got %+v", r)
		}
	})
	if err := os.WriteFile(registry, []byte(strings.Repeat("damaged", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := newLab(t).watched(t, time.Minute, "--registry", registry); r.status != exit.Failed || r.stderr == "" {
		t.Errorf("got %+v", r)
	}
}

// TestWatchView: on a terminal there is a view that is drawn in place, and its last state
// stays.
func TestWatchView(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		l.Portal("192.0.2.11:3260", iscsitest.Script{iscsitest.Close()})
		s := new(screen)
		l.stdout, l.columns, l.rows, l.env["TERM"] = s, map[io.Writer]int{s: 100}, 24, "xterm"
		r := l.watched(t, 90*time.Second, "--now", "--retries", "0", "192.0.2.10", "192.0.2.11")
		all := s.raw.String()
		if r.status != exit.OK || !strings.Contains(all, "192.0.2.11:3260  192.0.2.254  DOWN   00:00:01  -        login: ") || !strings.Contains(all, "1 of 2 paths up, 1 failed, next in ") || !strings.HasSuffix(all, "\n") {
			t.Errorf("got %+v\n%q", r, all)
		}
	})
}
