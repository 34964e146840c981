package verbs

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// utf16Text is a text as some editors save it: big or little end first, with a
// byte-order mark or without.
func utf16Text(s string, big, mark bool) string {
	if mark {
		s = "\ufeff" + s
	}
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(c>>8), byte(c))
		} else {
			b = append(b, byte(c), byte(c>>8))
		}
	}
	return string(b)
}

// A secret in UTF-16 is refused by what is wrong with it: other bytes would be used
// than those that its author sees. Nothing of it is repeated.
func TestSecretInUTF16(t *testing.T) {
	t.Parallel()
	for _, big := range []bool{false, true} {
		for _, mark := range []bool{false, true} {
			text := utf16Text(ours+"\r\n", big, mark)
			l := newLab(t)
			l.files["/etc/secret"], l.fds[3] = text, text
			l.env["CREDENTIALS_DIRECTORY"], l.files["/run/c/chap"] = "/run/c", text
			for _, ref := range []string{"file:/etc/secret", "cred:chap", "fd:3"} {
				l.discover(t.Context(), "scan", "--chap-secret", ref, "192.0.2.10").
					want(t, exit.Usage, "", "discover: --chap-secret: the file is UTF-16: save it as UTF-8\n")
			}
		}
	}
}

// A stored reference is read by the same rules at each use.
func TestStoredSecretWithMark(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	target := &iscsitest.Target{User: "host1", Secret: ours}
	l.Portal("192.0.2.10:3260", target, target)
	l.files["/etc/secret"] = "\ufeff" + ours + "\n"
	discover := l.inRegistry(t)
	if r := discover("portal", "add", "--chap-user", "host1", "--chap-secret", "file:/etc/secret", "192.0.2.10"); r.status != exit.OK {
		t.Fatal(r)
	}
	if r := discover("portal", "refresh"); r.status != exit.OK {
		t.Error(r)
	}
	l.files["/etc/secret"] = utf16Text(ours, false, true)
	if r := discover("portal", "refresh"); r.status != exit.Failed || !strings.HasSuffix(r.stderr, ": secret: file:/etc/secret: the file is UTF-16: save it as UTF-8\n") {
		t.Error(r)
	}
}

// The passphrase of a registry stays the bytes of its file, so that a registry that
// was sealed by them opens.
func TestPassphraseAsItIs(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"], l.env["PASS"] = ours, "\ufeffcorrect horse"
	l.files["/pass"] = l.env["PASS"]
	discover := l.inRegistry(t)
	if r := discover("portal", "add", "--key", "env:PASS", "--chap-secret", "env:SECRET", "192.0.2.10"); !strings.Contains(r.stderr, "is stored in the registry nevertheless") {
		t.Fatal(r)
	}
	if r := discover("portal", "refresh", "--key", "file:/pass"); !strings.HasPrefix(r.stderr, "discover: connect to ") {
		t.Errorf("got %+v, want it to come as far as the network", r)
	}
}
