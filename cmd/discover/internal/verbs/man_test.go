package verbs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestManHere: a folder that is named without its own name, as by cd man1 before, is that
// of a section all the same.
func TestManHere(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "man1")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	if r := newLab(t).discover(t.Context(), "man", "--dir", "."); r.status != exit.OK {
		t.Fatalf("got %+v", r)
	}
	for path, want := range map[string]bool{"man1/discover.1": true, "man7/discover-systemd.7": true, "man1/discover-systemd.7": false} {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(path))); (err == nil) != want {
			t.Errorf("%s: got %v, want that it is there: %t", path, err, want)
		}
	}
}
