//go:build unix

package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// TestRootInOthersRegistry: root who seals a secret in the registry of another user, or
// gives it another key, leaves that user all files: the key, too, is the user's
// (issue 13, 15).
func TestRootInOthersRegistry(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		need.Missing(t, "root", "run the tests as root")
	}
	const nobody = 65534
	folder, err := os.MkdirTemp("", "discover")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	program, registry := filepath.Join(folder, "discover"), filepath.Join(folder, "home", "registry.db")
	if out, err := exec.CommandContext(t.Context(), "cp", filepath.Join(binDir, "discover"), program).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	if err := os.Mkdir(filepath.Dir(registry), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{folder: 0o755, program: 0o755} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(filepath.Dir(registry), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	discover := func(uid uint32, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, append(args, "--registry", registry)...)
		cmd.Dir, cmd.Env = folder, []string{"SECRET=secret-of-host-1", "GORACE=atexit_sleep_ms=0 halt_on_error=1"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s as user %d: %v: %s", strings.Join(args, " "), uid, err, out)
		}
		entries, err := os.ReadDir(filepath.Dir(registry))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if err != nil {
				t.Fatal(err)
			}
			if stat := info.Sys().(*syscall.Stat_t); stat.Uid != nobody || info.Mode().Perm() != 0o600 {
				t.Errorf("after %s as user %d: %s belongs to user %d, mode %v", strings.Join(args, " "), uid, entry.Name(), stat.Uid, info.Mode())
			}
		}
	}
	discover(nobody, "ipsec", "policy", "add", "192.0.2.0/24", "transport")
	discover(0, "ipsec", "psk", "set", "group", "env:SECRET")
	discover(nobody, "registry", "check")
	discover(0, "registry", "rekey")
	discover(nobody, "registry", "check")
	discover(nobody, "registry", "rekey")
}
