package verbs

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// Secrets of sixteen bytes.
const (
	ours   = "secret-of-host-1"
	theirs = "secret-of-target"
)

// Each kind of reference leads to the same secret.
func TestSecretRefs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, ref string
		prepare   func(l *lab)
	}{
		{"file", "file:/etc/secret", func(l *lab) { l.files["/etc/secret"] = ours }},
		{"file with a line end", "file:/etc/secret", func(l *lab) { l.files["/etc/secret"] = ours + "\n" }},
		{"file with a byte-order mark", "file:/etc/secret", func(l *lab) { l.files["/etc/secret"] = "\ufeff" + ours + "\r\n" }},
		{"file with a line end of Windows", "file:/etc/secret", func(l *lab) { l.files["/etc/secret"] = ours + "\r\n" }},
		{"environment", "env:SECRET", func(l *lab) { l.env["SECRET"] = ours }},
		{"credential", "cred:chap", func(l *lab) {
			l.env["CREDENTIALS_DIRECTORY"] = "/run/credentials/discover.service"
			l.files["/run/credentials/discover.service/chap"] = ours + "\n"
		}},
		{"credential with a byte-order mark", "cred:chap", func(l *lab) {
			l.env["CREDENTIALS_DIRECTORY"] = "/run/credentials/discover.service"
			l.files["/run/credentials/discover.service/chap"] = "\ufeff" + ours
		}},
		{"file descriptor with a byte-order mark", "fd:3", func(l *lab) { l.fds[3] = "\ufeff" + ours + "\n" }},
		{"file descriptor", "fd:3", func(l *lab) { l.fds[3] = ours + "\n" }},
		{"standard input", "fd:0", func(l *lab) { l.fds[0] = ours + "\n" }},
		{"prompt", "prompt", func(l *lab) { l.answers["secret of host1"] = ours }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: ours})
				tt.prepare(l)
				l.discover(t.Context(), "scan", "--chap-user", "host1", "--chap-secret", tt.ref, "192.0.2.10").
					want(t, exit.OK, "192.0.2.10:3260: no targets\n  CHAP with SHA3-256\n", "")
			})
		})
	}
}

// Only one line end is dropped: a secret may end in one.
func TestSecretEndsInNewline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: ours + "\n"})
		l.files["/etc/secret"] = ours + "\n\n"
		l.discover(t.Context(), "scan", "--chap-user", "host1", "--chap-secret", "file:/etc/secret", "192.0.2.10").
			want(t, exit.OK, "192.0.2.10:3260: no targets\n  CHAP with SHA3-256\n", "")
	})
}

func TestMutualCHAP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		target := twoTargets()
		target.User, target.Secret = "host1", ours
		target.MutualUser, target.MutualSecret = "array", theirs
		l.Portal("192.0.2.10:3260", target)
		l.env["OURS"], l.env["THEIRS"] = ours, theirs
		args := []string{"scan", "-o", "iscsiadm", "192.0.2.10", "--chap-user=host1", "--chap-secret=env:OURS", "--target-secret=env:THEIRS", "--target-user"}
		r := l.discover(t.Context(), append(args, "array")...)
		if r.status != exit.OK || strings.Count(r.stdout, "\n") != 3 {
			t.Errorf("got %+v, want three lines", r)
		}
		r = l.discover(t.Context(), append(args, "another")...)
		if r.status != exit.Failed || r.stdout != "" || !strings.HasPrefix(r.stderr, "discover: login to 192.0.2.10:3260 from 192.0.2.254: ") {
			t.Errorf("got %+v, want a failed login", r)
		}
	})
}

func TestSecretOfNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"] = ""
	l.files["/big"], l.files["/mark"] = strings.Repeat("x", 4096+1), "\ufeff\n"
	l.discover(t.Context(), "scan", "--chap-secret", "file:/mark", "192.0.2.10").
		want(t, exit.Usage, "", "discover: --chap-secret: the secret is empty\n")
	l.discover(t.Context(), "scan", "--chap-secret", "env:SECRET", "192.0.2.10").
		want(t, exit.Usage, "", "discover: --chap-secret: the secret is empty\n")
	l.discover(t.Context(), "scan", "--chap-secret", "file:/big", "192.0.2.10").
		want(t, exit.Usage, "", "discover: --chap-secret: more than 4096 bytes\n")
}

// A secret that the reference API refuses is a result of its own: the command
// line was understood.
func TestShortSecret(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"] = "short"
	r := l.discover(t.Context(), "scan", "-o", "json", "--chap-secret", "env:SECRET", "192.0.2.10")
	if r.status != exit.Failed || !strings.Contains(r.stdout, `"code_name":"ISDSC_INVALID_TARGET_CHAP_SECRET"`) || !strings.Contains(r.stdout, `"stage":"validate"`) {
		t.Errorf("got %+v, want a result of stage validate", r)
	}
	if got := l.Dials(); len(got) > 0 {
		t.Errorf("got dials %v, want none", got)
	}
}

// Who is asked for a secret may go away instead.
func TestCancelledPrompt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newLab(t).discover(ctx, "scan", "--chap-secret", "prompt", "192.0.2.10")
	if r.status != exit.Failed || r.stdout != "" || r.stderr != "discover: cancelled\n" {
		t.Errorf("got %+v, want it cancelled", r)
	}
}
