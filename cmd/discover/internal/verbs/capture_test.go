package verbs

import (
	"regexp"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// What goes over the connections of a run is in the file, whatever verb asks, and
// no response of CHAP unless it is asked for.
func TestCapture(t *testing.T) {
	t.Parallel()
	response := regexp.MustCompile(`CHAP_R=([^\0]*)`)
	const chap = "--chap-user host1 --chap-secret env:US --target-secret env:THEM "
	for _, tt := range []struct {
		args    string
		masked  bool
		portals int
	}{
		{"scan " + chap + "192.0.2.10 192.0.2.11", true, 2},
		{"scan --capture-secrets " + chap + "192.0.2.10", false, 1},
		{"portal add --registry REGISTRY " + chap + "192.0.2.10", true, 1},
		{"portal refresh --registry REGISTRY", true, 2},
		{"target list --refresh --registry REGISTRY --capture-secrets", false, 2},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.env["US"], l.env["THEM"] = "secret-of-the-host", "secret-of-the-target"
			for _, addr := range []string{"192.0.2.10:3260", "192.0.2.11:3260"} {
				portal := twoTargets()
				portal.User, portal.Secret = "host1", l.env["US"]
				portal.MutualUser, portal.MutualSecret = "array", l.env["THEM"]
				l.Portal(addr, portal)
			}
			registry := t.TempDir() + "/registry.db"
			if !strings.HasPrefix(tt.args, "scan ") && !strings.HasPrefix(tt.args, "portal add") {
				for _, portal := range []string{"192.0.2.10", "192.0.2.11"} {
					l.discover(t.Context(), strings.Fields("portal add --registry "+registry+" "+chap+portal)...)
				}
			}
			args := strings.ReplaceAll(tt.args, "REGISTRY", registry) + " --capture f"
			if r := l.discover(t.Context(), strings.Fields(args)...); r.status != exit.OK || r.stderr != "" {
				t.Fatalf("got %+v", r)
			}
			f := l.created["f"]
			if f == nil || !f.closed {
				t.Fatal("no file, or one that is not closed")
			}
			if got := strings.Count(f.String(), "SendTargets=All"); got != tt.portals {
				t.Errorf("got %d portals in the file, want %d", got, tt.portals)
			}
			responses := response.FindAllStringSubmatch(f.String(), -1)
			if want := 2 * tt.portals; len(responses) != want {
				t.Errorf("got %d responses in the file, want %d", len(responses), want)
			}
			for _, r := range responses {
				if got := strings.Trim(r[1], "*") == ""; got != tt.masked {
					t.Errorf("got response %q, want masked %v", r[1], tt.masked)
				}
			}
		})
	}
}

// A file that cannot be written to its end fails the run, and costs none of its
// results; one that cannot be begun has nothing sent.
func TestCaptureNoRoom(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", &iscsitest.Target{})
	l.room = 500
	l.discover(t.Context(), "scan", "--capture", "f", "192.0.2.10").want(t, exit.Failed, "192.0.2.10:3260: no targets\n",
		`discover: --capture "f": the file is incomplete: no space left on device`+"\n")
	l.room = 10
	l.discover(t.Context(), "scan", "--capture", "g", "192.0.2.10").want(t, exit.Failed, "",
		`discover: --capture "g": no space left on device`+"\n")
	if l.created["g"] != nil {
		t.Error("the file that could not be begun is left behind")
	}
	if got := len(l.Dials()); got != 1 {
		t.Errorf("got %d dials, want 1", got)
	}
}

// A dry run writes no capture either.
func TestCaptureDryRun(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	if r := l.discover(t.Context(), "portal", "add", "--registry", t.TempDir()+"/r", "--dry-run", "--capture", "f", "192.0.2.10"); r.status != exit.OK {
		t.Errorf("got %+v", r)
	}
	if len(l.created) > 0 {
		t.Error("there is a file")
	}
}
