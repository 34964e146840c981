package verbs

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestToolEmptyValues (issue 13, 43): an empty argument, as of a variable that is not
// set, is refused wherever it stands, and leaves what is stored. Only * clears it, and
// where more stands behind the *, which may be a secret, that is warned of.
func TestToolEmptyValues(t *testing.T) {
	t.Parallel()
	const name = "iqn.2026-11.com.example:me"
	l := newLab(t)
	l.env["SECRET"], l.env["EMPTY"], l.files["/empty"] = "secret-of-host-1", "", "\n"
	discover := l.inRegistry(t)
	discover("iscsicli", "CHAPSecret", "env:SECRET").want(t, exit.OK, banner+succeeded, "")
	discover("iscsicli", "NodeName", name).want(t, exit.OK, banner+succeeded, "")
	stored := func() bool {
		r := discover("initiator", "show")
		return strings.HasSuffix(r.stdout, " set\n") && strings.Contains(r.stdout, name)
	}
	for _, args := range [][]string{
		{"CHAPSecret", ""}, {"--allow-literal-secrets", "CHAPSecret", ""}, {"CHAPSecret", "-"}, {"--allow-literal-secrets", "CHAPSecret", "-"},
		{"CHAPSecret", "env:EMPTY"}, {"CHAPSecret", "file:/empty"}, {"NodeName", ""}, {"GroupKey", "", "T"}, {"GroupKey", "env:SECRET", ""},
		{"QAddTargetPortal", "192.0.2.10", "", ""}, {"QAddTargetPortal", ""}, {"AddTargetPortal", "192.0.2.10", ""}, {"ListTargets", ""}, {"TargetInfo", ""},
		{"QAddTarget", "iqn.2026-11.com.example:a", ""}, {"TunnelAddr", "", "", "192.0.2.10", "", "T"}, {"RemoveTargetPortal", "192.0.2.10", "3260", ""}, {"Ping", "", "192.0.2.10"},
	} {
		r := discover(append([]string{"iscsicli"}, args...)...)
		if r.status != exit.Usage || r.stdout != "" || !strings.HasPrefix(r.stderr, "discover: iscsicli") || !strings.Contains(r.stderr, "empty") {
			t.Errorf("%q: got %+v, want exit status 2", args, r)
		}
	}
	if !stored() {
		t.Fatal("what was stored is gone")
	}
	for _, v := range iscsicli.Verbs() { // of each argument of each verb
		for i := range 24 {
			args := strings.Fields(strings.Repeat("* ", i))
			if _, err := v.Parse(append(args, "")); err == nil {
				t.Errorf("%s takes an empty argument %d", v.Name, i+1)
			}
		}
	}
	discover("iscsicli", "CHAPSecret", "*hunter2").want(t, exit.OK, banner+succeeded,
		"discover: warning: iscsicli CHAPSecret: argument 1, Secret, starts with * and is taken as a plain *: removes it\n")
	if stored() {
		t.Error("the secret is there")
	}
	discover("iscsicli", "NodeName", "*").want(t, exit.OK, banner+succeeded, "")
}

// TestToolPingPause (issue 13, 46): a second lies between the end of one session and
// the begin of the next, and none behind the last; Ctrl-C ends it.
func TestToolPingPause(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cut  time.Duration // when Ctrl-C comes; 0: never
		want []time.Duration
		all  time.Duration
	}{
		{want: []time.Duration{0, time.Second, 2 * time.Second}, all: 2 * time.Second},
		{cut: 1500 * time.Millisecond, want: []time.Duration{0, time.Second}, all: 1500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.Portal("192.0.2.10:3260", twoTargets())
			begin := time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tt.cut > 0 {
				time.AfterFunc(tt.cut, cancel)
			}
			var at []time.Duration
			l.dialed = func() { at = append(at, time.Since(begin)) }
			r := l.discover(ctx, "iscsicli", "Ping", "*", "192.0.2.10", "3", "--registry", t.TempDir()+"/registry.db")
			if all := time.Since(begin); fmt.Sprint(at) != fmt.Sprint(tt.want) || all != tt.all || r.status != exit.OK {
				t.Errorf("sessions at %v of %v, want %v of %v: %+v", at, all, tt.want, tt.all, r)
			}
			if want := fmt.Sprintf("%d sessions were tried, %d were answered\n", len(tt.want), len(tt.want)); !strings.Contains(r.stdout, want) {
				t.Errorf("got %s, want %s", r.stdout, want)
			}
		})
	}
}
