package verbs

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
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

// TestTextOfFile: what is taken for UTF-16, and what of a file is its text.
func TestTextOfFile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		want       string // empty: it is UTF-16
	}{
		{name: "plain", file: "secret", want: "secret"},
		{name: "a mark", file: "\ufeffsecret", want: "secret"},
		{name: "two marks", file: "\ufeff\ufeffsecret", want: "\ufeffsecret"},
		{name: "a mark within", file: "sec\ufeffret", want: "sec\ufeffret"},
		{name: "half a mark", file: "\xef\xbb", want: "\xef\xbb"},
		{name: "bytes", file: "\x80\xfe\xff", want: "\x80\xfe\xff"},
		{name: "one byte", file: "\x00", want: "\x00"},
		{name: "all NUL", file: "\x00\x00\x00\x00", want: "\x00\x00\x00\x00"},
		{name: "NUL in some places", file: "a\x00bc", want: "a\x00bc"},
		{name: "a mark of UTF-16 and no more", file: "\xff\xfe"},
		{name: "odd length", file: "\xfe\xff\x00a\x00"},
		{name: "one character", file: "a\x00"},
		{name: "one character, big end first", file: "\x00a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := machine.Utf8Text([]byte(tt.file))
			if tt.want == "" {
				if err != machine.ErrUTF16 || got != nil {
					t.Errorf("got %q and %v", got, err)
				}
			} else if err != nil || string(got) != tt.want {
				t.Errorf("got %q and %v, want %q", got, err, tt.want)
			}
		})
	}
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
					want(t, machine.ExitUsage, "", "discover: --chap-secret: it is UTF-16: save it as UTF-8\n")
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
	if r := discover("portal", "add", "--chap-user", "host1", "--chap-secret", "file:/etc/secret", "192.0.2.10"); r.status != machine.ExitOK {
		t.Fatal(r)
	}
	if r := discover("portal", "refresh"); r.status != machine.ExitOK {
		t.Error(r)
	}
	l.files["/etc/secret"] = utf16Text(ours, false, true)
	if r := discover("portal", "refresh"); r.status != machine.ExitFailed || !strings.HasSuffix(r.stderr, ": secret: file:/etc/secret: it is UTF-16: save it as UTF-8\n") {
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
	if r := discover("portal", "add", "--key", "env:PASS", "--chap-secret", "env:SECRET", "192.0.2.10"); !strings.Contains(r.stderr, "is in the registry all the same") {
		t.Fatal(r)
	}
	if r := discover("portal", "refresh", "--key", "file:/pass"); !strings.HasPrefix(r.stderr, "discover: connect to ") {
		t.Errorf("got %+v, want it to come as far as the network", r)
	}
}
