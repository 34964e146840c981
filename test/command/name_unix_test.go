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
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestNameOfOrdinaryUser: where the host's name is in a file that only root may
// read, root asks by that name, and an ordinary user by another and is told so.
func TestNameOfOrdinaryUser(t *testing.T) {
	t.Parallel()
	need.Root(t)
	const nameFile = "/etc/iscsi/initiatorname.iscsi"
	info, err := os.Stat(nameFile)
	if err != nil || info.Mode().Perm()&0o004 != 0 {
		need.Missing(t, nameFile+" that only root may read", "apt-get install open-iscsi")
	}
	dir, err := os.MkdirTemp("", "discover") // that of the test is root's alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // others run what is in it
		t.Fatal(err)
	}
	if err := buildCommand(dir); err != nil { // the one of the other tests reads no name of the host
		t.Fatal(err)
	}
	program := filepath.Join(dir, "discover")
	good := iscsitest.Listen(t, &iscsitest.Target{})
	scan := func(uid uint32) (name, complaint string) {
		var out, errs strings.Builder
		cmd := exec.Command(program, "scan", "-o", "json", good.Addr.String())
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
		cmd.Env = []string{"GORACE=atexit_sleep_ms=0 halt_on_error=1"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
		_, rest, _ := strings.Cut(out.String(), `"initiator_name":"`)
		name, _, _ = strings.Cut(rest, `"`)
		return name, errs.String()
	}
	const nobody = 65534
	ours, complaint := scan(0)
	if _, err := name.CheckName(ours); err != nil || complaint != "" {
		t.Errorf("root: got %q and %q", ours, complaint)
	}
	theirs, complaint := scan(nobody)
	want := "discover: warning: " + nameFile + " cannot be used: permission denied; the initiator name is " + theirs + " (from: "
	if theirs == ours || !strings.HasPrefix(complaint, want) || strings.Count(complaint, "\n") != 1 {
		t.Errorf("got %q and %q, want %q", theirs, complaint, want)
	}
}
