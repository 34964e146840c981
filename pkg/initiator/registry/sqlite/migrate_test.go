package sqlite_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// older makes a registry of schema 0: our application id, no tables, no log.
func older(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "registry.db")
	raw(t, path, "PRAGMA application_id = 0x69534344", "CREATE TABLE t (x)", "DROP TABLE t")
	chmod(t, path, 0o600)
	return path
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	path := older(t)
	s := open(t, path)
	apply(t, s, set("k", "v"))
	closeStore(t, s)
	s = open(t, path)
	defer closeStore(t, s)
	if got := get(t, s, "k"); got != "v" {
		t.Errorf("got %q, want v", got)
	}
}

// TestMigrateTogether: several find the old schema, and one of them is first.
func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	path := older(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := s.Apply(t.Context(), set("k", "v")); err != nil {
				t.Errorf("Apply: %v", err)
			}
			closeStore(t, s)
		})
	}
	wg.Wait()
}

// TestOlderReadOnly: a reader upgrades nothing.
func TestOlderReadOnly(t *testing.T) {
	t.Parallel()
	path := older(t)
	before := takePicture(t, filepath.Dir(path))
	_, err := sqlite.OpenReadOnly(t.Context(), path)
	wantProblem(t, err, sqlite.Older)
	wantUntouched(t, filepath.Dir(path), before)
}

// TestCreateTogether: several find no registry, and all use the one that the
// first of them makes.
func TestCreateTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "registry.db")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s, err := sqlite.Open(t.Context(), path)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := s.Apply(t.Context(), set(string(rune('a'+i)), "v")); err != nil {
				t.Errorf("Apply: %v", err)
			}
			closeStore(t, s)
		})
	}
	wg.Wait()
	s := open(t, path)
	defer closeStore(t, s)
	if n := len(all(t, s)); n != 8 {
		t.Errorf("got %d records, want 8", n)
	}
}
