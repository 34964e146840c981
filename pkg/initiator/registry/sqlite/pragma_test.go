package sqlite

import (
	"path/filepath"
	"testing"
)

// TestPragmas: SQLite takes a misspelt setting for none, and says nothing.
func TestPragmas(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "registry.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // nothing was written
	for pragma, want := range map[string]string{
		"journal_mode":    "wal",
		"synchronous":     "2",
		"fullfsync":       "1",
		"secure_delete":   "1",
		"trusted_schema":  "0",
		"cell_size_check": "1",
		"busy_timeout":    "30000",
		"application_id":  "1767064388",
		"user_version":    "1",
	} {
		var got string
		if err := s.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", pragma, got, err, want)
		}
	}
}
