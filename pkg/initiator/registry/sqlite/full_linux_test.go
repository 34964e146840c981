package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/owndisk"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

func init() { roles["full"] = fillUp }

// TestFull fills a disk, of which a child gets its own: what does not fit is
// refused with an error that says why, at whatever step of the work there is no
// more space; what was there stays; and with some room all goes on.
func TestFull(t *testing.T) {
	t.Parallel()
	t.Logf("%s", owndisk.Output(t, child(t, "full", filepath.Join(t.TempDir(), "registry.db"))))
}

// fillUp mounts a disk of a MiB and works on it with less and less space.
func fillUp(ctx context.Context, path string, _ []string) error {
	folder := filepath.Dir(path)
	if err := owndisk.Mount(folder, 1<<20); err != nil {
		return err
	}
	failures := make(map[string]int)
	for free := range 60 {
		if err := fillUpBut(ctx, path, free, failures); err != nil {
			return fmt.Errorf("with %d pages free: %w", free, err)
		}
	}
	fmt.Println(failures)
	if failures["create"] == 0 || failures["apply"] == 0 {
		return errors.New("the disk was never full")
	}
	return nil
}

// fillUpBut leaves some pages of the disk free.
func fillUpBut(ctx context.Context, path string, free int, failures map[string]int) error {
	ballast := filepath.Join(filepath.Dir(path), "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20-free*4096), 0o600); err != nil && !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	var acknowledged []string
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		failures["create"]++
		if err := wantFull(err); err != nil {
			return err
		}
		names, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(names) > 1 && free < 3 {
			return fmt.Errorf("left behind: %v, %w", names, err)
		}
		if err := os.Remove(ballast); err != nil {
			return err
		}
		if s, err = sqlite.Open(ctx, path); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
	}
	for i := range 40 {
		key := fmt.Sprintf("k%06d", i)
		if err := s.Apply(ctx, set(key, strings.Repeat("v", 3000)), set("last", key)); err != nil {
			failures["apply"]++
			if err := wantFull(err); err != nil {
				return err
			}
			continue // a smaller one may fit
		}
		acknowledged = append(acknowledged, key)
	}
	if err := os.Remove(ballast); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.Apply(ctx, set("room", "again")); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := s.Close(); err != nil {
		return err
	}
	return keptAll(ctx, path, acknowledged)
}

func wantFull(err error) error {
	var file *sqlite.FileError
	if !errors.As(err, &file) || file.Problem != sqlite.Full {
		return fmt.Errorf("got %w, want a FileError: %v", err, sqlite.Full)
	}
	return nil
}

// keptAll holds a registry to what was acknowledged, and removes it.
func keptAll(ctx context.Context, path string, keys []string) error {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if r, err := s.Get(ctx, key); err != nil || r.Version == 0 {
			return fmt.Errorf("%s is lost: %w", key, err)
		}
	}
	return errors.Join(s.Close(), os.Remove(path))
}
