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

// TestInterruptedList: who interrupts a verb that asks portals and then lists what is
// known, gets the list, and each portal that did not answer as cancelled, by its name.
// How portals answered before stays (issue 13, 14 and 16).
func TestInterruptedList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		const name = "iqn.2026-11.com.example:disk1"
		registry := filepath.Join(t.TempDir(), "registry.db")
		for _, a := range []string{"192.0.2.10", "192.0.2.11", "192.0.2.12"} {
			l.Portal(a+":3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: name}}})
			if r := l.discover(t.Context(), "portal", "add", a, "--registry", registry); r.status != exit.OK {
				t.Fatal(r)
			}
			l.Portal(a + ":3260") // from now on it hangs
		}
		interrupted := func(args ...string) ran {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return l.discover(ctx, append(args, "--registry", registry, "--parallel", "1")...)
		}
		r := interrupted("target", "list", "--refresh", "-o", "json")
		var document struct {
			Targets []struct{ Name string }
			Results []struct {
				Portal   string
				CodeName string `json:"code_name"`
			}
		}
		if err := json.Unmarshal([]byte(r.stdout), &document); err != nil || r.status != exit.Failed {
			t.Fatalf("%+v: %v", r, err)
		}
		if len(document.Targets) != 1 || document.Targets[0].Name != name || len(document.Results) != 3 {
			t.Errorf("%+v", document)
		}
		for _, r := range document.Results {
			if !strings.HasPrefix(r.Portal, "192.0.2.1") || r.CodeName != "ERROR_CANCELLED" {
				t.Errorf("%+v", r)
			}
		}
		for _, args := range [][]string{{"target", "list", "--refresh"}, {"iscsicli", "ListTargets", "T"}} {
			r := interrupted(args...)
			if !strings.Contains(r.stdout, name) || r.status != exit.Failed || strings.Contains(r.stderr, "portal :") || !strings.Contains(r.stderr, "cancelled") {
				t.Errorf("%v: %+v", args, r)
			}
		}
		if r := l.discover(t.Context(), "portal", "list", "--registry", registry); strings.Count(r.stdout, "1 target") != 3 || strings.Contains(r.stdout, "failed") {
			t.Errorf("%+v", r)
		}
	})
}

// TestRefreshUnlisted: the targets of a portal that is not in the registry are not said
// to be of one that was removed; once it is added they are as any others (issue 13, 16).
func TestRefreshUnlisted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		target := &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}}
		l.Portal("192.0.2.10:3260", target, target, target, target)
		discover := l.inRegistry(t)
		const unlisted, removed = "unlisted: the portal is not in the registry", "stale: the portal was removed"
		for _, step := range []struct{ do, note string }{
			{"portal refresh 192.0.2.10", unlisted},
			{"portal add 192.0.2.10", ""},
			{"portal remove 192.0.2.10", removed},
			{"portal refresh 192.0.2.10", unlisted},
		} {
			if r := discover(strings.Fields(step.do)...); r.status != exit.OK {
				t.Fatalf("%s: %+v", step.do, r)
			}
			r, j := discover("target", "list"), discover("target", "list", "-o", "json")
			for _, note := range []string{unlisted, removed} {
				if strings.Contains(r.stdout, note) != (note == step.note) {
					t.Errorf("%s: %s", step.do, r.stdout)
				}
			}
			if strings.Contains(j.stdout, `"unlisted":true`) != (step.note == unlisted) || strings.Contains(j.stdout, `"stale":true`) != (step.note != "") {
				t.Errorf("%s: %s", step.do, j.stdout)
			}
		}
		if r := discover("target", "prune"); r.status != exit.OK || !strings.Contains(r.stdout, "disk1") {
			t.Errorf("%+v", r)
		}
	})
}

// TestOwnMistake: a wrong key of the registry says nothing of a portal, and leaves its
// last result (issue 13, 16).
func TestOwnMistake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.env["SECRET"], l.env["KEY"], l.env["WRONG"] = "a secret of 20 bytes", "a passphrase of the registry", "another passphrase, which is wrong"
		target := &iscsitest.Target{User: "host1", Secret: "a secret of 20 bytes", Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}}
		l.Portal("192.0.2.10:3260", target, target)
		discover := l.inRegistry(t)
		if r := discover("portal", "add", "192.0.2.10", "--chap-user", "host1", "--chap-secret", "env:SECRET", "--key", "env:KEY"); r.status != exit.OK {
			t.Fatal(r)
		}
		if r := discover("portal", "refresh", "--key", "env:WRONG"); r.status != exit.Failed || !strings.Contains(r.stderr, "192.0.2.10:3260") {
			t.Fatal(r)
		}
		if r := discover("portal", "list"); !strings.Contains(r.stdout, "1 target") || strings.Contains(r.stdout, "failed") {
			t.Errorf("%+v", r)
		}
	})
}
