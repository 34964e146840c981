package verbs

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// Verbs that ask portals of the registry again give each a second try, the others
// none, unless --retries says otherwise.
func TestRetries(t *testing.T) {
	t.Parallel()
	const portal = "192.0.2.10"
	for _, tt := range []struct {
		args  string
		tries int // of a portal that is always unavailable
	}{
		{"scan " + portal, 1},
		{"scan --retries 2 " + portal, 3},
		{"portal add " + portal, 1},
		{"portal add --retries 1 " + portal, 2},
		{"portal refresh", 2},
		{"portal refresh " + portal, 2},
		{"portal refresh --retries 0", 1},
		{"portal refresh --retries 4 " + portal, 5},
		{"target list --refresh", 2},
		{"target list --refresh --retries 0", 1},
		{"target list", 0},
		{"iscsicli QAddTargetPortal " + portal, 1},
		{"iscsicli RefreshTargetPortal " + portal + " 3260", 2},
		{"iscsicli --retries 0 RefreshTargetPortal " + portal + " 3260", 1},
		{"iscsicli ListTargets T", 2},
		{"iscsicli --retries 3 ListTargets T", 4},
		{"iscsicli Ping * " + portal + " 1", 1},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				discover := l.inRegistry(t)
				discover("portal", "add", portal)
				before := len(l.Dials())
				l.Portal("192.0.2.10:3260", &iscsitest.Target{Status: pdu.StatusServiceUnavailable})
				r := discover(strings.Fields(tt.args)...)
				if got := len(l.Dials()) - before; got != tt.tries {
					t.Errorf("%d tries, want %d; %+v", got, tt.tries, r)
				}
			})
		})
	}
}

// A portal that is back at the second try has answered, with a warning.
func TestRetryHelps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		discover := l.inRegistry(t)
		discover("portal", "add", "192.0.2.10")
		busy := &iscsitest.Target{Status: pdu.StatusServiceUnavailable}
		l.Portal("192.0.2.10:3260", busy, &iscsitest.Target{}, busy, &iscsitest.Target{})
		discover("portal", "refresh").want(t, exit.OK, "192.0.2.10:3260: no targets\n",
			"discover: warning: 192.0.2.10:3260: 1 try failed before this one; the first try failed with: login to 192.0.2.10:3260 from 192.0.2.254: target refused: service unavailable (0x0301)\n")
		r := discover("portal", "refresh", "-o", "json")
		if want := `"status":"ok"`; !strings.Contains(r.stdout, want) || !strings.Contains(r.stdout, `"warnings":[{"code":"retried","message":"1 try failed before this one; the first try failed with: `) {
			t.Errorf("got %s", r.stdout)
		}
	})
}
