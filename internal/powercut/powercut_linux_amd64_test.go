package powercut

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// watched returns a folder that has a synced file, and its Disk.
func watched(t *testing.T) (string, *Disk) {
	t.Helper()
	folder := t.TempDir()
	if err := put(folder+"/old", "old", false); err != nil {
		t.Fatal(err)
	}
	d, err := Watch(folder)
	if err != nil {
		t.Fatal(err)
	}
	return folder, d
}

// look returns the files of an image by their paths.
func look(t *testing.T, m *Image) map[string]string {
	t.Helper()
	folder := t.TempDir()
	if err := m.WriteTo(folder); err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		name, content := strings.TrimPrefix(path, folder+"/"), []byte("a folder")
		if !entry.IsDir() {
			content, err = os.ReadFile(path)
		}
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// files are what is in a folder, by their paths.
type files = map[string]string

// cuts are what is there at the end of each role, when the power fails before
// anything more is synced, by what the disk has done of its own.
var cuts = []struct {
	role                      string
	nothing, names, data, all files
}{
	{
		role: "nothing synced", nothing: files{"old": "old"}, data: files{"old": "old"},
		names: files{"old": "old", "new": "a folder", "new/file": ""},
		all:   files{"old": "old", "new": "a folder", "new/file": "contents"},
	},
	{
		role: "file synced", nothing: files{"old": "old"}, data: files{"old": "old"},
		names: files{"old": "old", "new": "a folder", "new/file": "contents"},
		all:   files{"old": "old", "new": "a folder", "new/file": "contents"},
	},
	{
		role:    "all synced",
		nothing: files{"old": "old", "new": "a folder", "new/file": "contents"},
		names:   files{"old": "old", "new": "a folder", "new/file": "contents"},
		data:    files{"old": "old", "new": "a folder", "new/file": "contents"},
		all:     files{"old": "old", "new": "a folder", "new/file": "contents"},
	},
	{
		role:    "synced too early",
		nothing: files{"old": "old", "file": ""}, names: files{"old": "old", "file": ""},
		data: files{"old": "old", "file": "contents"}, all: files{"old": "old", "file": "contents"},
	},
	{
		role:    "overwritten",
		nothing: files{"old": "erw"}, names: files{"old": "erw"},
		data: files{"old": "newest"}, all: files{"old": "newest"},
	},
	{
		role:    "shortened",
		nothing: files{"old": "old"}, names: files{"old": "old"}, data: files{"old": "o"}, all: files{"old": "o"},
	},
	{
		role:    "renamed by links",
		nothing: files{"old": "old", "name": "old"}, data: files{"old": "old", "name": "old"},
		names: files{"name": "old"}, all: files{"name": "old"},
	},
	{
		role:    "appended through a copy of a descriptor",
		nothing: files{"old": "old+more"}, names: files{"old": "old+more"}, data: files{"old": "old+more"}, all: files{"old": "old+more"},
	},
	{
		role:    "mapped",
		nothing: files{"old": "\xa5\xa5\xa5"}, names: files{"old": "\xa5\xa5\xa5"}, data: files{"old": "\xa5\xa5\xa5"}, all: files{"old": "\xa5\xa5\xa5"},
	},
}

// TestCut: a power failure at the end of each role leaves what it may, and the record is
// what is in the folder.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range cuts {
		t.Run(tt.role, func(t *testing.T) {
			t.Parallel()
			folder, d := watched(t)
			if status, stderr := d.Run(t, child(tt.role, folder)); status != 3 || stderr != "" {
				t.Fatalf("got status %d, %s", status, stderr)
			}
			end := d.Moments() - 1
			if got := d.Said(end); got != "done\n" {
				t.Errorf("it said %q, want done", got)
			}
			for name, luck := range map[string]struct {
				luck Luck
				want files
			}{"nothing": {Nothing, tt.nothing}, "names": {NamesOnly, tt.names}, "data": {DataOnly, tt.data}, "all": {Everything, tt.all}} {
				if diff := cmp.Diff(luck.want, look(t, d.Cut(end, luck.luck))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if diff := cmp.Diff(files{"old": "old"}, look(t, d.Cut(0, Everything))); diff != "" {
				t.Errorf("at the beginning (-want +got):\n%s", diff)
			}
			if tt.role != "mapped" { // what is in memory shows in the file
				if now, err := Watch(folder); err != nil || now.Cut(0, Nothing).Sum() != d.Cut(end, Everything).Sum() {
					t.Errorf("the record is not what is in the folder: %v", err)
				}
			}
		})
	}
}

// TestChance: of a write any sectors are there, the others not.
func TestChance(t *testing.T) {
	t.Parallel()
	d := &Disk{nodes: []*node{{folder: true}, {}}, begin: []*stored{newStored(true), newStored(false)}}
	d.begin[root].names["file"] = 1
	d.changes = []change{{kind: write, file: 1, offset: 100, data: []byte(strings.Repeat("x", 4000))}}
	seen := make(map[string]bool)
	for seed := range uint64(50) {
		b := d.Cut(1, Chance(seed)).files[1].data
		for at := 0; at < len(b); at += sector {
			end := min(at+sector, len(b))
			if part := strings.Trim(string(b[max(at, 100):end]), string(b[end-1:end])); part != "" {
				t.Errorf("seed %d: sector %d is there in part: %q", seed, at/sector, part)
			}
		}
		seen[string(b)] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d different outcomes of 50", len(seen))
	}
	if a, b := d.Cut(1, Chance(1)).Sum(), d.Cut(1, Chance(1)).Sum(); a != b {
		t.Error("the same luck, and another outcome")
	}
}

// TestRunUntil: a child that is killed has made just so many changes, and the next
// one goes on from there.
func TestRunUntil(t *testing.T) {
	t.Parallel()
	folder, d := watched(t)
	if status, _ := d.RunUntil(t, child("nothing synced", folder), 2); status != -1 || d.Moments() != 3 {
		t.Fatalf("got status %d and %d moments, want -1 and 3", status, d.Moments())
	}
	want := map[string]string{"old": "old", "new": "a folder", "new/file": ""}
	if diff := cmp.Diff(want, look(t, d.Cut(2, Everything))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if status, _ := d.Run(t, child("overwritten", folder)); status != 3 {
		t.Fatalf("got status %d, want 3", status)
	}
	want["old"] = "newest"
	if diff := cmp.Diff(want, look(t, d.Cut(d.Moments()-1, Everything))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUnknown: what cannot be recorded ends the child, and is told.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for role, want := range map[string]string{"renamed": "renames a file", "another process": "starts another process"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			folder, d := watched(t)
			null, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			tr := newTracer(d, -1)
			if _, err := tr.run(child(role, folder), []uintptr{null.Fd(), null.Fd(), null.Fd()}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
