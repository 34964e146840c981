package verbs

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestWatchUnread: a watch ends although its output is not read.
func TestWatchUnread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		r, w := io.Pipe()
		defer r.Close()
		l.stdout = w
		begun := time.Now()
		if r := l.watched(t, time.Minute, "--now", "192.0.2.10"); r.status != exit.Failed || !strings.Contains(r.stderr, "does not take the rest") || time.Since(begun) > 2*time.Minute {
			t.Errorf("got %+v after %v", r, time.Since(begun))
		}
	})
}

// TestWatchEndsBeforeItBegins: an interrupt that comes before the first question is no failure,
// no word is said of it, and nothing is asked. What the registry knows may have been told.
func TestWatchEndsBeforeItBegins(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets())
	registry := filepath.Join(t.TempDir(), "registry.db")
	if r := l.discover(t.Context(), "portal", "add", "192.0.2.10", "--registry", registry); r.status != exit.OK {
		t.Fatalf("got %+v", r)
	}
	dials := len(l.Dials())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, portals := range [][]string{nil, {"192.0.2.10"}} {
		r := l.discover(ctx, append([]string{"watch", "--registry", registry}, portals...)...)
		if r.status != exit.OK || r.stderr != "" || strings.Contains(r.stdout, "cancel") || len(l.Dials()) > dials {
			t.Errorf("watch %q: got %+v and %d dials, want success, no word of the interrupt, and nothing asked", portals, r, len(l.Dials())-dials)
		}
	}
	if r := l.discover(ctx, "watch", "--dry-run", "--registry", registry); r.status == exit.OK && r.stdout == "" {
		t.Errorf("a dry run that did not say what it would do: got %+v, want a failure", r)
	}
}

// TestWatchIPsecLater: an entry that asks for IPsec may come when the watch runs.
func TestWatchIPsecLater(t *testing.T) {
	t.Parallel()
	registry := filepath.Join(t.TempDir(), "registry.db")
	synctest.Test(t, func(t *testing.T) {
		l, _ := newIPsecLab(t)
		hangup := make(chan struct{})
		l.hangups = hangup
		done := make(chan ran)
		go func() { done <- l.watched(t, 3*time.Minute, "-o", "jsonl", "--every", "10s", "--registry", registry) }()
		time.Sleep(time.Second)
		if r := l.discover(t.Context(), "portal", "add", "192.0.2.10", "--ipsec", "ike,transport,main", "--ipsec-psk", "env:PSK", "--registry", registry); r.status != exit.OK {
			t.Errorf("got %+v", r)
		}
		hangup <- struct{}{}
		r := <-done
		if got := strings.Join(told(t, r.stdout), " "); got != "portal-added 192.0.2.10 snapshot 192.0.2.10" || !strings.Contains(r.stdout, `"up":true`) {
			t.Errorf("got %s, %+v", got, r)
		}
	})
}
