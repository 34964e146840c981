package sqlite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestReadOnly: a reader reads, also what is still in the log, sees what others
// write, and writes nothing.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 3)
	crash(t, path)
	s, err := sqlite.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, s, "portal/000001"); got != "in the log" {
		t.Errorf("got %q, want what is in the log", got)
	}
	wantProblem(t, s.Apply(t.Context(), set("k", "v")), sqlite.Denied)
	writer := open(t, path)
	apply(t, writer, set("k", "w"))
	if got := get(t, s, "k"); got != "w" {
		t.Errorf("got %q, want w", got)
	}
	closeStore(t, writer)
	closeStore(t, s)
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the last one has left the log: %v", err)
	}
}

// TestMissing: who opens what is there makes nothing.
func TestMissing(t *testing.T) {
	t.Parallel()
	for _, open := range []func(context.Context, string) (*sqlite.Store, error){sqlite.OpenReadOnly, sqlite.OpenExisting} {
		folder := t.TempDir()
		_, err := open(t.Context(), filepath.Join(folder, "new", "registry.db"))
		wantProblem(t, err, sqlite.Missing)
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want fs.ErrNotExist", err)
		}
		wantUntouched(t, folder, picture{})
	}
}

// printRecord writes the value of a key, reading only.
func printRecord(ctx context.Context, path string, args []string) error {
	s, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer s.Close()
	r, err := s.Get(ctx, args[0])
	if err != nil {
		return err
	}
	if err := s.Apply(ctx, set("k", "v")); err == nil {
		return errors.New("a reader could write")
	}
	_, err = os.Stdout.Write(r.Value)
	return err
}
