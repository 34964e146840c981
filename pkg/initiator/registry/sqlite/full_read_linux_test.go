package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/internal/owndisk"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

func init() { roles["full, read"] = readOnFull }

// TestFullReads: a full disk does not keep a process from reading a registry, whether it was
// closed, is in use, or was left by a crash; and what is in the log is read, too
// (issue 13, 15).
func TestFullReads(t *testing.T) {
	t.Parallel()
	t.Logf("%s", owndisk.Output(t, child(t, "full, read", filepath.Join(t.TempDir(), "registry.db"))))
}

// readOnFull reads from a disk with less and less space.
func readOnFull(ctx context.Context, path string, _ []string) error {
	if err := owndisk.Mount(filepath.Dir(path), 1<<20); err != nil {
		return err
	}
	for _, state := range []string{"closed", "in use", "crashed"} {
		for free := range 12 {
			if err := readWithFree(ctx, path, state, free); err != nil {
				return fmt.Errorf("%s, with %d pages free: %w", state, free, err)
			}
		}
	}
	return nil
}

// readWithFree makes a registry, fills the disk but for some pages, reads, and goes on
// with room again.
func readWithFree(ctx context.Context, path, state string, free int) error {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	if err := s.Apply(ctx, set("k", "v")); err != nil {
		return err
	}
	end := func() error { return nil }
	switch state {
	case "in use":
		end = s.Close
	case "closed":
		err = s.Close()
	case "crashed":
		err = crashed(s, path)
	}
	if err != nil {
		return err
	}
	ballast := filepath.Join(filepath.Dir(path), "ballast")
	_ = os.WriteFile(ballast, make([]byte, 1<<20), 0o600) // as much as there is room for
	info, err := os.Stat(ballast)
	if err != nil {
		return err
	}
	if err := os.Truncate(ballast, info.Size()-int64(free)*4096); err != nil {
		return err
	}
	if err := readOnce(ctx, path); err != nil {
		return err
	}
	if err := errors.Join(os.Remove(ballast), end()); err != nil {
		return err
	}
	if s, err = sqlite.Open(ctx, path); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	return errors.Join(s.Apply(ctx, set("k", "w")), s.Close(), os.Remove(path))
}

func readOnce(ctx context.Context, path string) error {
	reader, err := sqlite.OpenReadOnly(ctx, path)
	if err != nil {
		return err
	}
	r, err := reader.Get(ctx, "k")
	if err != nil || string(r.Value) != "v" {
		return fmt.Errorf("got %q, %w", r.Value, err)
	}
	return reader.Close()
}

// crashed closes a registry, and leaves the file and its log as they were.
func crashed(s *sqlite.Store, path string) error {
	files := make(map[string][]byte)
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			return err
		}
		files[suffix] = b
	}
	err := s.Close()
	for suffix, b := range files {
		err = errors.Join(err, os.WriteFile(path+suffix, b, 0o600))
	}
	return err
}
