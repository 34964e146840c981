package verbs

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A sealedLab has a registry with four sealed secrets: two of a portal, that of all
// targets, and a preshared key.
type sealedLab struct {
	*lab
	t        *testing.T
	registry string
}

func newSealedLab(t *testing.T, args ...string) *sealedLab {
	t.Helper()
	l := &sealedLab{newLab(t), t, filepath.Join(t.TempDir(), "registry.db")}
	l.env["SECRET"], l.env["OTHER"], l.env["PSK"] = "secret-of-host-1", "secret-of-target", "preshared-key-1"
	l.env["PASS"], l.env["NEXT"] = "correct horse", "battery staple"
	l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: "secret-of-host-1", MutualUser: "array", MutualSecret: "secret-of-target", Records: twoTargets().Records})
	for _, line := range []string{
		"portal add --chap-user host1 --chap-secret env:SECRET --target-user array --target-secret env:OTHER 192.0.2.10",
		"initiator set-chap-secret env:OTHER",
		"ipsec psk set storage.example env:PSK",
	} {
		if r := l.run(append(strings.Fields(line), args...)...); r.status != exit.OK {
			t.Fatalf("%s: %+v", line, r)
		}
	}
	return l
}

func (l *sealedLab) run(args ...string) ran {
	return l.discover(l.t.Context(), append(args, "--registry", l.registry)...)
}

func (l *sealedLab) file(name string) string { return filepath.Join(filepath.Dir(l.registry), name) }

// names are the files beside the registry.
func (l *sealedLab) names() (names []string) {
	l.t.Helper()
	entries, err := os.ReadDir(filepath.Dir(l.registry))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// opens holds that a key opens all four secrets, and that the portal takes them.
func (l *sealedLab) opens(key ...string) {
	l.t.Helper()
	r := l.run(append([]string{"registry", "check"}, key...)...)
	if r.status != exit.OK || !strings.Contains(r.stdout, "4 sealed secrets") || strings.Contains(r.stdout, "not opened") {
		l.t.Errorf("check: %+v", r)
	}
	if len(key) > 0 {
		return // a passphrase takes its time
	}
	if r := l.run("portal", "refresh"); r.status != exit.OK {
		l.t.Errorf("refresh: %+v", r)
	}
}

// TestRekey (issue 13, 18): the key in a file, a passphrase, and from one to the other.
func TestRekey(t *testing.T) {
	t.Parallel()
	l := newSealedLab(t)
	l.opens()
	before, err := os.ReadFile(l.file("registry.key"))
	if err != nil {
		t.Fatal(err)
	}
	l.run("registry", "rekey", "--dry-run").want(t, exit.OK, "dry run: would have sealed 4 secrets with a new key in "+l.file("registry.key")+"\n", "")
	if now, err := os.ReadFile(l.file("registry.key")); err != nil || !bytes.Equal(now, before) {
		t.Errorf("a dry run has changed the key: %v", err)
	}
	l.run("registry", "rekey").want(t, exit.OK, "sealed 4 secrets with a new key in "+l.file("registry.key")+"\n", "")
	if now, err := os.ReadFile(l.file("registry.key")); err != nil || bytes.Equal(now, before) {
		t.Errorf("the key is the one from before: %v", err)
	}
	l.opens()
	if got := strings.Join(l.names(), " "); got != "registry.db registry.key" {
		t.Errorf("got the files %s", got)
	}

	l.run("registry", "rekey", "--new-key", "env:PASS").want(t, exit.OK, "sealed 4 secrets with the new passphrase\n", "")
	l.opens("--key", "env:PASS")
	if got := strings.Join(l.names(), " "); got != "registry.db" {
		t.Errorf("got the files %s", got)
	}
	for _, tt := range []struct {
		args, want string
		status     int
	}{
		{"rekey --key env:PASS", "give the new passphrase with --new-key REF, or --new-key-file for a key in a file\n", exit.Usage},
		{"rekey --key env:PASS --new-key env:NEXT --new-key-file", "exclude each other: give only one of them\n", exit.Usage},
		{"rekey --new-key env:NEXT", "sealed with a passphrase: give --key REF\n", exit.Failed},
		{"rekey --key env:NEXT --new-key-file", "--key is not the passphrase with which the secrets of this registry are sealed\n", exit.Failed},
	} {
		if r := l.run(append([]string{"registry"}, strings.Fields(tt.args)...)...); r.status != tt.status || !strings.HasSuffix(r.stderr, tt.want) {
			t.Errorf("%s: got %+v, want %s", tt.args, r, tt.want)
		}
	}
	l.run("registry", "rekey", "--key", "env:PASS", "--new-key", "env:NEXT", "--fips", "-o", "json").want(t, exit.OK,
		`{"version":1,"rekeyed":[`+"\n"+`{"secrets":4,"key":"passphrase","key_file":""}`+"\n]}\n", "")
	l.opens("--key", "env:NEXT")
	if r := l.run("registry", "check", "--key", "env:PASS"); r.status != exit.Failed || !strings.Contains(r.stdout, "--key is not the passphrase") {
		t.Errorf("the old passphrase: %+v", r)
	}
	l.run("registry", "rekey", "--key", "env:NEXT", "--new-key-file").want(t, exit.OK, "sealed 4 secrets with a new key in "+l.file("registry.key")+"\n", "")
	l.opens()
}

// TestRekeyInterrupted: a rekey that is stopped between two steps leaves a
// registry whose key is found, and the next rekey clears up.
func TestRekeyInterrupted(t *testing.T) {
	t.Parallel()
	l := newSealedLab(t)
	old, err := os.ReadFile(l.file("registry.key"))
	if err != nil {
		t.Fatal(err)
	}
	// Stopped before the secrets were sealed by the new key.
	stray := l.file("registry.key.0123456789abcdef")
	if err := os.WriteFile(stray, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := l.run("registry", "check"); r.status != exit.Failed || !strings.Contains(r.stdout, "left from an interrupted discover registry rekey") {
		t.Errorf("got %+v", r)
	}
	if r := l.run("registry", "rekey"); r.status != exit.OK {
		t.Fatal(r)
	}
	l.opens()
	if _, err := os.Lstat(stray); err == nil {
		t.Error("the key that nothing is sealed by is still there")
	}
	// Stopped afterwards, before the new key has its place.
	id := l.keyID()
	if err := os.Rename(l.file("registry.key"), l.file("registry.key."+id)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.file("registry.key"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	l.opens()
	if r := l.run("registry", "rekey"); r.status != exit.OK {
		t.Fatal(r)
	}
	l.opens()
	if got := strings.Join(l.names(), " "); got != "registry.db registry.key" {
		t.Errorf("got the files %s", got)
	}
}

// keyID returns the id of the key in the file, as the registry has it.
func (l *sealedLab) keyID() string {
	l.t.Helper()
	s, err := sqlite.OpenReadOnly(l.t.Context(), l.registry)
	if err != nil {
		l.t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Get(l.t.Context(), "setting/sealing")
	if err != nil {
		l.t.Fatal(err)
	}
	var k struct{ Key string }
	if err := json.Unmarshal(r.Value, &k); err != nil || k.Key == "" {
		l.t.Fatalf("got %s, %v; want the id of a key", r.Value, err)
	}
	return k.Key
}

// TestRekeyRefuses: a secret that the old key does not open, and another registry that
// may have the same key, stop a rekey before it has changed anything.
func TestRekeyRefuses(t *testing.T) {
	t.Parallel()
	l := newSealedLab(t)
	alterRecord(t, l.registry, "psk/storage.example//4294967295", func(b []byte) []byte {
		return b[:len(b)-1]
	})
	before, err := os.ReadFile(l.file("registry.key"))
	if err != nil {
		t.Fatal(err)
	}
	r := l.run("registry", "rekey")
	if r.status != exit.Failed || !strings.Contains(r.stderr, `record "psk/storage.example//4294967295": `) || !strings.Contains(r.stderr, "nothing was changed") {
		t.Errorf("got %+v", r)
	}
	r = l.run("registry", "check")
	if r.status != exit.Failed || !strings.Contains(r.stdout, "psk/storage.example//4294967295") || !strings.Contains(r.stdout, "is damaged") {
		t.Errorf("got %+v", r)
	}
	if got := strings.Join(l.names(), " "); got != "registry.db registry.key" {
		t.Errorf("got the files %s", got)
	}
	if now, err := os.ReadFile(l.file("registry.key")); err != nil || !bytes.Equal(now, before) {
		t.Errorf("the key was changed: %v", err)
	}

	two := newSealedLab(t)
	other, err := sqlite.Open(t.Context(), two.file("other.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	r = two.run("registry", "rekey")
	if r.status != exit.Failed || !strings.Contains(r.stderr, "may also be used by "+two.file("other.db")) {
		t.Errorf("got %+v", r)
	}
	two.opens()
}

// alterRecord changes the value of a record, past the command.
func alterRecord(t *testing.T, file, key string, change func([]byte) []byte) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	s, err := sqlite.OpenExisting(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Get(ctx, key)
	if err != nil || r.Version == 0 {
		t.Fatalf("%s: %v, version %d", key, err, r.Version)
	}
	if err := s.Apply(ctx, registry.Change{Key: key, Version: r.Version, Value: change(r.Value)}); err != nil {
		t.Fatal(err)
	}
}
