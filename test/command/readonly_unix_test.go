//go:build unix

package command

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// TestOthersRegistry: a user that may only read a registry can list what is in it,
// and is told why it cannot be changed. The test needs root to become another user;
// without, the script registry_files shows the same.
func TestOthersRegistry(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		need.Missing(t, "root", "run the tests as root")
	}
	dir, err := os.MkdirTemp("", "discover")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	const nobody = 65534
	registry, program := filepath.Join(dir, "registry.db"), filepath.Join(dir, "discover")
	name, err := exec.LookPath(filepath.Join(binDir, "discover"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, b, 0o755); err != nil { //nolint:gosec // others run it
		t.Fatal(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	portal := silent.Addr().String()
	silent.Close() // nobody listens there
	discover := func(uid uint32, args ...string) (status int, stdout, stderr string) {
		var out, errs strings.Builder
		cmd := exec.Command(program, append(args, "--registry", registry)...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
		cmd.Env = []string{"GORACE=atexit_sleep_ms=0 halt_on_error=1"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode(), out.String(), errs.String()
	}
	if status, _, stderr := discover(0, "portal", "add", portal); status != 1 {
		t.Fatalf("got exit status %d, want 1; %s", status, stderr)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o755, registry: 0o640} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(registry, 0, nobody); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args   string
		status int
		want   string // in standard output, or else in standard error
	}{
		{"portal list", 0, portal},
		{"target list -o json", 0, `{"version":1,"targets":[]}`},
		{"instance list", 0, "host"},
		{"port list", 0, "127.0.0.1"},
		{"scan --instance host " + portal, 1, "connection refused"},
		{"portal remove --dry-run " + portal, 0, "would have removed"},
		{"portal remove " + portal, 1, "no permission"},
		{"portal add " + portal, 1, "no permission"},
		{"portal add -o json " + portal, 1, `"code":5,"code_name":"ERROR_ACCESS_DENIED"`},
		{"scan --capture " + dir + "/capture " + portal, 2, "permission denied"},
		{"portal refresh", 1, "no permission"},
	} {
		status, stdout, stderr := discover(nobody, strings.Fields(tt.args)...)
		if status != tt.status || !strings.Contains(stdout, tt.want) && !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: got exit status %d, %s%s; want %d and %s", tt.args, status, stdout, stderr, tt.status, tt.want)
		}
	}
	after, err := os.ReadFile(registry)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file was changed: %v", err)
	}
}
