package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// open opens a registry, which the test has to close.
func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *sqlite.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// newRegistry makes a registry of n records, closes it and returns its path.
func newRegistry(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "registry.db")
	s := open(t, path)
	defer closeStore(t, s)
	var changes []registry.Change
	for i := range n {
		changes = append(changes, set(fmt.Sprintf("portal/%06d", i), fmt.Sprintf("%0400d", i)))
	}
	apply(t, s, changes...)
	return path
}

func set(key, value string) registry.Change {
	return registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte(value)}
}

func apply(t testing.TB, s *sqlite.Store, changes ...registry.Change) {
	t.Helper()
	if err := s.Apply(t.Context(), changes...); err != nil {
		t.Fatalf("Apply: %v", err)
	}
}

func get(t testing.TB, s *sqlite.Store, key string) string {
	t.Helper()
	r, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	return string(r.Value)
}

// all returns the values by their keys.
func all(t testing.TB, s *sqlite.Store) map[string]string {
	t.Helper()
	values := make(map[string]string)
	for r, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		values[r.Key] = string(r.Value)
	}
	return values
}

// wantProblem holds err to a FileError of a problem.
func wantProblem(t testing.TB, err error, problem sqlite.Problem) {
	t.Helper()
	var file *sqlite.FileError
	if !errors.As(err, &file) || file.Problem != problem {
		t.Errorf("got %v, want a FileError: %v", err, problem)
	}
	if damaged := errors.Is(err, registry.ErrRegistryDamaged); damaged != (problem == sqlite.Damaged) {
		t.Errorf("%v: is ErrRegistryDamaged: %t", err, damaged)
	}
	if denied := errors.Is(err, fs.ErrPermission); denied != (problem == sqlite.Denied) {
		t.Errorf("%v: is fs.ErrPermission: %t", err, denied)
	}
}

// raw runs SQL on a file, past the package.
func raw(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// A picture is what a folder holds: of each name the mode, the time, and the
// contents or where a link leads. Of the index of a log it has the mode alone:
// each reader may rebuild it.
type picture map[string]string

func takePicture(t testing.TB, folder string) picture {
	t.Helper()
	p := make(picture)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var content string
		switch {
		case info.Mode().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = string(b)
		case info.Mode()&fs.ModeSymlink != 0:
			if content, err = os.Readlink(path); err != nil {
				return err
			}
		}
		p[path] = fmt.Sprintf("%v %v %x", info.Mode(), info.ModTime(), content)
		if info.IsDir() || strings.HasSuffix(path, "-shm") {
			p[path] = info.Mode().String()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wantUntouched holds that a folder still looks like p.
func wantUntouched(t testing.TB, folder string, p picture) {
	t.Helper()
	if diff := cmp.Diff(p, takePicture(t, folder)); diff != "" {
		t.Errorf("the folder has changed (-before +after):\n%.2000s", diff)
	}
}
