package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestRefuse: what is not a registry is refused, by both ways to open one, and
// left as it was, and so is all that lies beside it (where int has 32 bits, too: issue
// 13, 23).
func TestRefuse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(t *testing.T, path string) // a registry of 1000 records, closed
		want  sqlite.Problem
		text  string // part of the error
	}{
		{"empty file", func(t *testing.T, path string) { write(t, path, "") }, sqlite.NotRegistry, "it is empty"},
		{"a text", func(t *testing.T, path string) { write(t, path, "iqn.2026-11.com.example:host1\n") }, sqlite.NotRegistry, "not an SQLite database"},
		{"a long text", func(t *testing.T, path string) { write(t, path, strings.Repeat("text ", 10000)) }, sqlite.NotRegistry, "not an SQLite database"},
		{"part of the magic", func(t *testing.T, path string) { write(t, path, "SQLite") }, sqlite.Damaged, "cut off after 6 bytes"},
		{"a database of another program", func(t *testing.T, path string) {
			remove(t, path)
			raw(t, path, "CREATE TABLE t (x)")
			chmod(t, path, 0o600)
		}, sqlite.NotRegistry, "another program (application id 0x0)"},
		{"another program's, with a log", func(t *testing.T, path string) {
			remove(t, path)
			raw(t, path, "PRAGMA application_id = 1", "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)")
			chmod(t, path, 0o600)
		}, sqlite.NotRegistry, "another program (application id 0x1)"},
		{"a newer schema", func(t *testing.T, path string) { patch(t, path, 60, "\x00\x00\x00\x02") }, sqlite.Newer, "schema 2, but this version knows 1; use that version"},
		// Issue 13, 23: this one was taken for damaged where int has 32 bits.
		{"a negative schema", func(t *testing.T, path string) { patch(t, path, 60, "\xff\xff\xff\xff") }, sqlite.Newer, "schema 4294967295, but this version knows 1"},
		{"no magic", func(t *testing.T, path string) { patch(t, path, 0, "XQLite") }, sqlite.NotRegistry, ""},
		{"page size 0", func(t *testing.T, path string) { patch(t, path, 16, "\x00\x00") }, sqlite.Damaged, ""},
		{"cut within the header", func(t *testing.T, path string) { truncate(t, path, 99) }, sqlite.Damaged, "cut off after 99 bytes"},
		{"cut after the header", func(t *testing.T, path string) { truncate(t, path, 100) }, sqlite.Damaged, ""},
		{"cut after a page", func(t *testing.T, path string) { truncate(t, path, 4096) }, sqlite.Damaged, ""},
		{"cut in the middle", func(t *testing.T, path string) { truncate(t, path, size(t, path)/2) }, sqlite.Damaged, ""},
		{"cut by a page", func(t *testing.T, path string) { truncate(t, path, size(t, path)-4096) }, sqlite.Damaged, ""},
		{"schema overwritten", func(t *testing.T, path string) { patch(t, path, 100, strings.Repeat("\xa5", 3996)) }, sqlite.Damaged, ""},
		{"a root overwritten", func(t *testing.T, path string) { patch(t, path, 4096, strings.Repeat("\xa5", 4096)) }, sqlite.Damaged, ""},
		{"a page overwritten", func(t *testing.T, path string) { patch(t, path, size(t, path)/8192*4096, strings.Repeat("\xa5", 4096)) }, sqlite.Damaged, ""},
		{"a page of zeros", func(t *testing.T, path string) { patch(t, path, size(t, path)/8192*4096, strings.Repeat("\x00", 4096)) }, sqlite.Damaged, ""},
		{"the last page overwritten", func(t *testing.T, path string) { patch(t, path, size(t, path)-4096, strings.Repeat("\xa5", 4096)) }, sqlite.Damaged, ""},
		{"a page overwritten, with a log", func(t *testing.T, path string) {
			crash(t, path)
			patch(t, path, size(t, path)/8192*4096, strings.Repeat("\xa5", 4096))
		}, sqlite.Damaged, ""},
		{"a table too many", func(t *testing.T, path string) { raw(t, path, "CREATE TABLE t (x)") }, sqlite.Damaged, "not of a registry"},
		{"a table too few", func(t *testing.T, path string) { raw(t, path, "DROP TABLE revision") }, sqlite.Damaged, "a table is missing"},
		{"a trigger", func(t *testing.T, path string) {
			raw(t, path, "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END")
		}, sqlite.Damaged, "not of a registry"},
		{"a folder", func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, sqlite.NotRegular, "a folder"},
		{"the file gone and its log not", func(t *testing.T, path string) {
			crash(t, path)
			remove(t, path)
		}, sqlite.Damaged, "the file is missing, but there is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refuse(t, tt.spoil, tt.want, tt.text)
		})
	}
}

// refuse spoils a registry, and holds that it is refused and left as it is.
func refuse(t *testing.T, spoil func(t *testing.T, path string), want sqlite.Problem, text string) {
	t.Helper()
	path := newRegistry(t, 1000)
	spoil(t, path)
	before := takePicture(t, filepath.Dir(path))
	s, err := sqlite.Open(t.Context(), path)
	if err == nil {
		closeStore(t, s)
	}
	wantProblem(t, err, want)
	if err != nil && (!strings.Contains(err.Error(), text) || !strings.HasPrefix(err.Error(), "registry "+path)) {
		t.Errorf("got %q, want one with the path and %q", err, text)
	}
	wantUntouched(t, filepath.Dir(path), before)
	if s, err := sqlite.OpenReadOnly(t.Context(), path); err == nil {
		t.Error("OpenReadOnly takes it")
		closeStore(t, s)
	}
	wantUntouched(t, filepath.Dir(path), before)
}

// TestEachHeaderByte flips each byte of the header: no flip makes a panic, and
// what is opened is what was written.
func TestEachHeaderByte(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 3)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		b := append([]byte(nil), good...)
		b[i] ^= 0xff
		write(t, path, string(b))
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			continue
		}
		if n := len(all(t, s)); n != 3 {
			t.Errorf("byte %d: got %d records, want 3", i, n)
		}
		closeStore(t, s)
	}
}

// TestDamagedMeanwhile damages a file while it is open: the error says so, and
// nothing is written any more.
func TestDamagedMeanwhile(t *testing.T) {
	t.Parallel()
	path := newRegistry(t, 10000) // more than SQLite keeps in memory
	s := open(t, path)
	defer s.Close() //nolint:errcheck // it is damaged
	patch(t, path, 8192, strings.Repeat("\xa5", int(size(t, path))-8192))
	var last error
	for _, err := range s.List(t.Context(), "") {
		last = err
	}
	wantProblem(t, last, sqlite.Damaged)
	wantProblem(t, s.Check(t.Context()), sqlite.Damaged)
	wantProblem(t, s.Apply(t.Context(), set("portal/005000", "x")), sqlite.Damaged)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// patch overwrites a part of a file.
func patch(t *testing.T, path string, offset int64, content string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(content), offset); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// crash leaves a registry as a crash does: with a log that has not been played
// back.
func crash(t *testing.T, path string) {
	t.Helper()
	kept := make(map[string][]byte)
	s := open(t, path)
	apply(t, s, set("portal/000001", "in the log"))
	for _, suffix := range []string{"-wal", "-shm"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		kept[suffix] = b
	}
	main, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	write(t, path, string(main))
	for suffix, b := range kept {
		write(t, path+suffix, string(b))
	}
}
