//go:build unix

package sqlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

const nobody = 65534

// TestGroupReads: a member of the group who may read reads, whether the registry
// is in use, was left by a crash, or lies there; and leaves nothing behind, also
// where the group may write to the folder (issue 13, 15: the -wal and -shm files of
// a member locked the owner out).
func TestGroupReads(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		need.Missing(t, "root, to become somebody else", "run the tests as root")
	}
	inUse := func(t *testing.T, path string) {
		s := open(t, path)
		t.Cleanup(func() { closeStore(t, s) })
		apply(t, s, set("portal/000001", "in use"))
	}
	closed := func(*testing.T, string) {}
	tests := []struct {
		name    string
		mode    os.FileMode // of the folder
		prepare func(t *testing.T, path string)
		want    string
	}{
		{"closed", 0o750, closed, "closed"},
		{"in use", 0o750, inUse, "in use"},
		{"crashed", 0o750, crash, "in the log"},
		{"closed, in a folder of the group", 0o770, closed, "closed"},
		{"in use, in a folder of the group", 0o770, inUse, "in use"},
		{"crashed, in a folder of the group", 0o770, crash, "in the log"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder, err := os.MkdirTemp("", "") // the test's own lets nobody else in
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(folder) })
			path := filepath.Join(folder, "registry.db")
			s := open(t, path)
			apply(t, s, set("portal/000001", "closed"))
			closeStore(t, s)
			share(t, folder, tt.mode)
			share(t, path, 0o640)
			tt.prepare(t, path)
			for _, suffix := range []string{"-wal", "-shm"} {
				if _, err := os.Lstat(path + suffix); err == nil {
					share(t, path+suffix, 0o640)
				}
			}
			before := takePicture(t, folder)
			cmd := child(t, "reader", path, "portal/000001")
			cmd.Path = program(t, folder)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			out, err := cmd.Output()
			if err != nil || string(out) != tt.want {
				t.Errorf("got %q, %v; want %q", out, err, tt.want)
			}
			cmd = child(t, "counter", path, "1")
			cmd.Path, cmd.Stderr = program(t, folder), nil
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			if err := cmd.Run(); err == nil {
				t.Error("a member who may only read could write")
			}
			remove(t, cmd.Path)
			wantUntouched(t, folder, before)
			closeStore(t, open(t, path)) // as the owner
		})
	}
}

// share gives a file to a group that may read it.
func share(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chown(path, -1, nobody); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
}

// program copies this test's own to where others can run it. Another process
// does so: a descriptor of ours that writes could live on in one that some other
// test starts, and the program would be busy.
func program(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "program")
	if out, err := exec.CommandContext(t.Context(), "cp", os.Args[0], path).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v: %s", err, out)
	}
	chmod(t, path, 0o755)
	return path
}
