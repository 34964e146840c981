package verbs

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

const refusedAt = ": connection refused; nothing listens there: check the address and the TCP port\n"

// TestPortalAddSeveral (issue 19, 3): several portals are added with the same options, in the
// order given; a failed one stays stored, and none is stored where one is not understood.
func TestPortalAddSeveral(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets())
	l.Portal("192.0.2.12:3260", &iscsitest.Target{})
	l.files["portals"] = "192.0.2.12 # the third\n192.0.2.10\n"
	l.stdin = "192.0.2.13\n"
	discover := l.inRegistry(t)
	discover("portal", "add", "192.0.2.10", "bad!").want(t, exit.Usage, "", "discover: portal \"bad!\": not a host name: only letters, digits, '-' and '_'\n")
	if n := len(l.Dials()); n > 0 {
		t.Errorf("got %d dials, want none", n)
	}
	discover("portal", "add", "192.0.2.10", "192.0.2.11", "@portals", "--dry-run").want(t, exit.OK, `
dry run: would have stored these entries, and asked the portals
PORTAL           INSTANCE  PORT
192.0.2.10:3260  any       all
192.0.2.11:3260  any       all
192.0.2.12:3260  any       all
`[1:], "")
	const refused = "discover: portal [2001:db8::10]:3260: source 192.0.2.253: not in the address family of portal [2001:db8::10]:3260\n"
	discover("portal", "add", "192.0.2.10", "2001:db8::10", "--source", "192.0.2.253", "--dry-run").want(t, exit.Partly, `
dry run: would have stored this entry, and asked the portal
PORTAL           INSTANCE  PORT
192.0.2.10:3260  host      2
`[1:], refused)
	discover("portal", "add", "2001:db8::10", "2001:db8::11", "--source", "192.0.2.253", "--dry-run").want(t, exit.Failed,
		"dry run: would have stored nothing\n", refused+strings.ReplaceAll(refused, "::10", "::11"))
	discover("portal", "add", "192.0.2.10", "192.0.2.11", "@portals").want(t, exit.Partly, `
192.0.2.10:3260: stored; 2 targets
  iqn.2026-11.com.example:disk1     192.0.2.10:3260,1
                                    [2001:db8::10]:3260,1
  iqn.2026-11.com.example:disk-two  192.0.2.10:3260
192.0.2.12:3260: stored; no targets
`[1:], "discover: connect to 192.0.2.11:3260"+refusedAt+
		"discover: 192.0.2.11:3260 (instance any, port all) is stored in the registry nevertheless; see discover portal list\n")
	r := discover("portal", "add", "-", "192.0.2.14", "192.0.2.14:3260", "-o", "json")
	var document struct {
		Results []struct {
			Portal string
			Stored bool
			Status string
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil || r.status != exit.Failed || len(document.Results) != 2 ||
		document.Results[0].Portal != "192.0.2.13:3260" || !document.Results[1].Stored || document.Results[1].Status != "error" {
		t.Errorf("got %+v, want two stored portals that failed, each once", r)
	}
	if r := discover("portal", "add", "192.0.2.10", "192.0.2.12"); strings.Count(r.stderr, "is replaced: options that are not given now return to their defaults") != 2 {
		t.Errorf("got %+v, want two warnings", r)
	}
}

// TestPortalAddAtOnce: portals are asked at the same time, as many as --parallel says; a silent
// one does not keep the others, and results are in the order given.
func TestPortalAddAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		for _, silent := range []string{"192.0.2.20:3260", "192.0.2.21:3260"} {
			l.Portal(silent) // hangs
		}
		discover := l.inRegistry(t)
		for _, tt := range []struct {
			parallel string
			want     time.Duration
		}{{"2", 2 * time.Second}, {"1", 4 * time.Second}} {
			begin := time.Now()
			r := discover("portal", "add", "192.0.2.20", "192.0.2.21", "--timeout", "2s", "--parallel", tt.parallel)
			if took := time.Since(begin).Truncate(time.Second); r.status != exit.Failed || took != tt.want {
				t.Errorf("--parallel %s: got %v and %+v, want %v", tt.parallel, took, r, tt.want)
			}
		}
	})
}

// TestPortalAddCancelled: the portals of a cancelled run are stored, and the hint names a list
// that has them.
func TestPortalAddCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.20:3260") // hangs
		registry := "--registry=" + filepath.Join(t.TempDir(), "registry.db")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		r := l.discover(ctx, "portal", "add", "192.0.2.20", "192.0.2.21", "--parallel", "1", registry)
		if r.status != exit.Failed || !strings.HasSuffix(r.stderr, "discover: the 2 portals that failed are stored in the registry nevertheless; see discover portal list\n") {
			t.Errorf("got %+v", r)
		}
		if r := l.discover(t.Context(), "portal", "list", registry); strings.Count(r.stdout, "not asked yet") != 2 {
			t.Errorf("got %+v", r)
		}
	})
}

// TestPortalRemoveSeveral (issue 19, 3): what there is is removed, and what there is not is named.
func TestPortalRemoveSeveral(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.files["portals"] = "192.0.2.10\n192.0.2.11\n"
	discover := l.inRegistry(t)
	discover("portal", "add", "192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13")
	discover("portal", "add", "192.0.2.14", "--instance", "host")
	const removed = "removed 192.0.2.10:3260 (instance any, port all)\nremoved 192.0.2.11:3260 (instance any, port all)\n"
	discover("portal", "remove", "@portals", "192.0.2.10", "--dry-run").want(t, exit.OK, strings.ReplaceAll(removed, "removed", "dry run: would have removed"), "")
	discover("portal", "remove", "@portals", "192.0.2.14", "192.0.2.10").want(t, exit.Partly, removed,
		"discover: portal 192.0.2.14:3260: instance any, port all: it is not in the registry; there is 192.0.2.14:3260 (instance host, port all)\n")
	if r := discover("portal", "remove", "@portals"); r.status != exit.Failed || r.stdout != "" {
		t.Errorf("got %+v", r)
	}
	r := discover("portal", "remove", "192.0.2.12", "192.0.2.10", "192.0.2.13", "-o", "json")
	if r.status != exit.Partly || !json.Valid([]byte(r.stdout)) || !strings.HasPrefix(r.stdout, `{"version":1,"removed":[
{"portal":"192.0.2.12:3260","instance":"","initiator_port":"all"},
{"portal":"192.0.2.13:3260","instance":"","initiator_port":"all"}
],"results":[{"portal":"192.0.2.10:3260"`) {
		t.Errorf("got %+v", r)
	}
}
