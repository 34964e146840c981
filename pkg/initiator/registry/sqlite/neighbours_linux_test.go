package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestNeighboursKeepLocks (issue 13, 18): to close any descriptor of the index of the log
// costs this process the locks by which SQLite keeps others from starting the index anew.
// So a process that looks for other registries in the folder does not open it.
func TestNeighboursKeepLocks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "registry.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Apply(t.Context(), registry.Change{Key: "a", Value: []byte("b")}); err != nil {
		t.Fatal(err)
	}
	index, err := os.Open(path + "-shm")
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	locked := func() bool {
		t.Helper()
		// A lock of an open file meets those of this process as well.
		l := unix.Flock_t{Type: unix.F_WRLCK, Whence: unix.SEEK_SET}
		if err := unix.FcntlFlock(index.Fd(), unix.F_OFD_GETLK, &l); err != nil {
			t.Fatal(err)
		}
		return l.Type != unix.F_UNLCK
	}
	if !locked() {
		t.Fatal("an open registry holds no lock")
	}
	other, err := sqlite.Open(t.Context(), filepath.Join(filepath.Dir(path), "other.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	others, err := sqlite.Neighbours(path)
	if err != nil || len(others) != 1 || filepath.Base(others[0]) != "other.db" {
		t.Errorf("got %q, %v", others, err)
	}
	if !locked() {
		t.Error("the locks are gone")
	}
}
