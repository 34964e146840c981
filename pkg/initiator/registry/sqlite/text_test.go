package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestTextsOfSQLite: what a damaged file is refused with is in our words, whichever of
// its pages is damaged; of SQLite it has the number of a result at most (issue 13, 13).
func TestTextsOfSQLite(t *testing.T) {
	t.Parallel()
	const page = 4096
	path := filepath.Join(t.TempDir(), "registry.db")
	s := open(t, path)
	apply(t, s, set("k", strings.Repeat("v", 3*page)))
	closeStore(t, s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) < 4*page {
		t.Fatalf("only %d bytes", len(whole))
	}
	refused := 0
	for at := page; at < len(whole); at += page {
		b := bytes.Clone(whole)
		copy(b[at:], bytes.Repeat([]byte{0xa5}, 64))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := sqlite.Open(t.Context(), path)
		if err == nil {
			closeStore(t, s) // it hit a value
			continue
		}
		refused++
		wantProblem(t, err, sqlite.Damaged)
		for _, foreign := range []string{"malformed", "disk image", "***", "Tree", "btree", "database", "sql:"} {
			if strings.Contains(err.Error(), foreign) {
				t.Errorf("page %d: %v", at/page, err)
			}
		}
	}
	if refused < 2 {
		t.Errorf("%d damaged files were refused", refused)
	}
}
