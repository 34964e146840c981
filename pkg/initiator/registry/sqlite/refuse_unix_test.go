//go:build unix

package sqlite_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestRefuseUnix: links, pipes and modes.
func TestRefuseUnix(t *testing.T) {
	t.Parallel()
	link := func(suffix string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if suffix != "" {
				write(t, path+suffix, "")
			}
			if err := os.Rename(path+suffix, path+".target"); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(path+".target", path+suffix); err != nil {
				t.Fatal(err)
			}
		}
	}
	fifo := func(suffix string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			_ = os.Remove(path + suffix)
			if err := syscall.Mkfifo(path+suffix, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	mode := func(suffix string, mode os.FileMode) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if suffix != "" {
				write(t, path+suffix, "")
			}
			chmod(t, path+suffix, mode)
		}
	}
	tests := []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  sqlite.Problem
		text  string
	}{
		{"a link", link(""), sqlite.NotRegular, "a symbolic link"},
		{"a link for the log", link("-wal"), sqlite.NotRegular, "a symbolic link"},
		{"a link for the index", link("-shm"), sqlite.NotRegular, "a symbolic link"},
		{"a link for the journal", link("-journal"), sqlite.NotRegular, "a symbolic link"},
		{"a link to nowhere", func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Symlink(path+".none", path); err != nil {
				t.Fatal(err)
			}
		}, sqlite.NotRegular, "a symbolic link"},
		{"a pipe", fifo(""), sqlite.NotRegular, "a named pipe"},
		{"a pipe for the log", fifo("-wal"), sqlite.NotRegular, "a named pipe"},
		{"a pipe for the index", fifo("-shm"), sqlite.NotRegular, "a named pipe"},
		{"a socket", func(t *testing.T, path string) {
			folder, err := os.MkdirTemp("", "") // that of the test may be too long for a socket's name
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.RemoveAll(folder) })
			l, err := net.Listen("unix", filepath.Join(folder, "s"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			if err := os.Rename(filepath.Join(folder, "s"), path); err != nil {
				t.Fatal(err)
			}
		}, sqlite.NotRegular, "a socket"},
		{"everybody reads", mode("", 0o604), sqlite.Exposed, "its mode is 0604; run chmod 600"},
		{"everybody writes", mode("", 0o602), sqlite.Exposed, "0602"},
		{"the group writes", mode("", 0o660), sqlite.Exposed, "0660"},
		{"as a copy has it", mode("", 0o644), sqlite.Exposed, "0644"},
		{"everybody writes the log", mode("-wal", 0o602), sqlite.Exposed, "0602"},
		{"everybody writes the journal", mode("-journal", 0o666), sqlite.Exposed, "0666"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refuse(t, tt.spoil, tt.want, tt.text) })
	}
}

// TestOtherOwner: SQLite would take over what another user has put beside a
// registry.
func TestOtherOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		need.Missing(t, "root, to give a file away", "run the tests as root")
	}
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		t.Run(suffix, func(t *testing.T) {
			t.Parallel()
			refuse(t, func(t *testing.T, path string) {
				write(t, path+suffix, "")
				if err := os.Lchown(path+suffix, 65534, -1); err != nil {
					t.Fatal(err)
				}
			}, sqlite.Exposed, "it belongs to another user")
		})
	}
}

// TestForeign: what another user has put in a folder of ours, or of root, is not
// taken for a registry; what belongs to the owner of the folder is.
func TestForeign(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		need.Missing(t, "root, to give a file away", "run the tests as root")
	}
	give := func(t *testing.T, path string) {
		if err := os.Lchown(path, 65534, -1); err != nil {
			t.Fatal(err)
		}
	}
	refuse(t, give, sqlite.Exposed, "it belongs to another user")
	path := newRegistry(t, 1)
	give(t, path)
	give(t, filepath.Dir(path))
	closeStore(t, open(t, path))
}

// TestModes: what is made is its owner's alone, whatever the umask lets through.
// It changes the umask of the process and runs beside no other test.
func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	folder := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(folder, "registry.db")
	s := open(t, path)
	defer closeStore(t, s)
	apply(t, s, set("k", "v"))
	want := map[string]os.FileMode{
		filepath.Dir(folder): 0o700 | os.ModeDir, folder: 0o700 | os.ModeDir, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
	}
	for name, mode := range want {
		info, err := os.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("%s: got mode %v, want %v", name, info.Mode(), mode)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 {
		t.Errorf("got %v in the folder, want the registry, its log and its index", entries)
	}
}

// TestGroupMayRead: an owner who lets the group read is obeyed, and the log has
// the same mode.
func TestGroupMayRead(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 1)
	chmod(t, path, 0o640)
	s := open(t, path)
	defer closeStore(t, s)
	apply(t, s, set("k", "v"))
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != "640" {
		t.Errorf("the log: got mode %s, want 640", got)
	}
}
