package command

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestFIPS (issue 13, 41): a registry with a passphrase that was made without FIPS 140
// mode can be used in it. A secret from before does not open there, and can be set anew,
// or sealed again by rekey --fips; a wrong passphrase is refused in both modes.
func TestFIPS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		older bool // as versions made it that knew a passphrase in one mode only
		warn  string
	}{
		{name: "registry of today"},
		{name: "older registry", older: true, warn: "warning: --key cannot be compared with the passphrase of this registry, which was set without FIPS 140 mode"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := fipsRun{t, filepath.Join(t.TempDir(), "registry.db")}
			f.want(false, "PASS", "", "ipsec", "psk", "set", "group", "env:SECRET")
			if tt.older {
				forgetFIPSWord(t, f.registry)
			}
			f.wantNot(true, "PASS", "sealed with XChaCha20-Poly1305, which FIPS 140 mode forbids; run discover registry rekey --fips without that mode, or set it again in this mode", "registry", "check")
			f.want(true, "PASS", tt.warn, "ipsec", "psk", "set", "group", "env:SECRET")
			f.want(true, "PASS", "1 sealed secret", "registry", "check")
			f.wantNot(true, "WRONG", "--key is not the passphrase", "registry", "check")
			f.want(false, "PASS", "1 sealed secret", "registry", "check")
		})
	}
	t.Run("rekey", func(t *testing.T) {
		t.Parallel()
		f := fipsRun{t, filepath.Join(t.TempDir(), "registry.db")}
		f.want(false, "PASS", "", "ipsec", "psk", "set", "group", "env:SECRET")
		f.wantNot(true, "PASS", "run discover registry rekey --fips without that mode", "registry", "rekey", "--new-key", "env:NEXT")
		f.want(false, "PASS", "sealed 1 secret", "registry", "rekey", "--new-key", "env:NEXT", "--fips")
		f.want(true, "NEXT", "1 sealed secret", "registry", "check")
	})
}

// A fipsRun runs the command on a registry with a passphrase.
type fipsRun struct {
	t        *testing.T
	registry string
}

func (f fipsRun) run(fips bool, key string, args []string) (out string, err error) {
	cmd := exec.CommandContext(f.t.Context(), filepath.Join(binDir, "discover"), append(args, "--registry", f.registry, "--key", "env:"+key)...)
	cmd.Env = append(os.Environ(), "PASS=correct horse", "WRONG=battery staple", "NEXT=another one", "SECRET=preshared-key-1", "GORACE=atexit_sleep_ms=0 halt_on_error=1")
	if fips {
		cmd.Env = append(cmd.Env, "GODEBUG=fips140=only")
	}
	b, err := cmd.CombinedOutput()
	return string(b), err
}

func (f fipsRun) want(fips bool, key, text string, args ...string) {
	f.t.Helper()
	if out, err := f.run(fips, key, args); err != nil || !strings.Contains(out, text) {
		f.t.Errorf("%s with %s, FIPS %t: %v: %s; want %q", strings.Join(args, " "), key, fips, err, out, text)
	}
}

func (f fipsRun) wantNot(fips bool, key, text string, args ...string) {
	f.t.Helper()
	if out, err := f.run(fips, key, args); err == nil || !strings.Contains(out, text) {
		f.t.Errorf("%s with %s, FIPS %t: %v: %s; want a failure, and %q", strings.Join(args, " "), key, fips, err, out, text)
	}
}

// forgetFIPSWord makes a registry one that knows its passphrase without FIPS 140 mode
// only.
func forgetFIPSWord(t *testing.T, file string) {
	t.Helper()
	s, err := sqlite.OpenExisting(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Get(t.Context(), "setting/sealing")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(r.Value, &fields); err != nil || fields["fips_word"] == nil {
		t.Fatalf("got %s, %v; want a word for FIPS 140 mode", r.Value, err)
	}
	delete(fields, "fips_word")
	value, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), registry.Change{Key: r.Key, Version: r.Version, Value: value}); err != nil {
		t.Fatal(err)
	}
}
