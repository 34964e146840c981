package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestPath: whatever a path has in it that means something in a URI.
func TestPath(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"a b", "a?mode=memory", "a#b", "a%b", "a%41", "a&b=c", "a'b", "a\"b", "ä", "\xff", "file:x", ":memory:", "a\\b", "-"} {
		path := filepath.Join(folder, name)
		s := open(t, path)
		apply(t, s, set("k", name))
		closeStore(t, s)
		s = open(t, path)
		if got := get(t, s, "k"); got != name {
			t.Errorf("%q: got %q", name, got)
		}
		closeStore(t, s)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 14 {
		t.Errorf("got %v, %v; want 14 files", entries, err)
	}
}

// TestRelativePath: the folder may change after Open.
func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	s := open(t, "registry.db")
	defer closeStore(t, s)
	t.Chdir(t.TempDir())
	apply(t, s, set("k", "v"))
	for range s.List(t.Context(), "") { // by another connection, maybe
		if got := get(t, s, "k"); got != "v" {
			t.Errorf("got %q, want v", got)
		}
	}
}

// TestTakenAway: what is written to a file without a name would be lost, and
// nobody would know.
func TestTakenAway(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(t *testing.T, path string){
		"deleted": remove,
		"replaced": func(t *testing.T, path string) {
			if err := os.Rename(newRegistry(t, 1), path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newRegistry(t, 1)
			s := open(t, path)
			defer closeStore(t, s)
			apply(t, s, set("k", "v"))
			away(t, path)
			wantProblem(t, s.Apply(t.Context(), set("k", "w")), sqlite.Missing)
		})
	}
}
