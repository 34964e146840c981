package safefile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-iscsi/discovery/internal/safefile"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(folder, "file")
	if err := safefile.Create(path, []byte("contents")); err != nil {
		t.Fatal(err)
	}
	if err := safefile.Create(path, []byte("others")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("where there is a file: got %v, want fs.ErrExist", err)
	}
	f, err := safefile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "contents" {
		t.Errorf("got %q, %v", b, err)
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) != 1 {
		t.Errorf("got %v, %v in the folder, want the file alone", names, err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, folder: 0o700 | fs.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: got mode %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}

// TestNew: a new file is its owner's, and whatever has the name stays.
func TestNew(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	f, err := safefile.New(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("got mode %v, %v; want 0600", info.Mode(), err)
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink("elsewhere", link); err != nil {
		t.Fatal(err)
	}
	for _, taken := range []string{path, link, folder} {
		if f, err := safefile.New(taken); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: got %v, want fs.ErrExist", taken, err)
			_ = f.Close()
		}
	}
	if _, err := os.Lstat(filepath.Join(folder, "elsewhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where the link leads: got %v, want nothing there", err)
	}
}

// TestCreateTogether: of several, one makes the file, and the others see it whole.
func TestCreateTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch err := safefile.Create(path, make([]byte, 1<<16)); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Errorf("got %v, want fs.ErrExist", err)
			}
			if info, err := os.Stat(path); err != nil || info.Size() != 1<<16 {
				t.Errorf("the file is not whole: %v", err)
			}
		})
	}
	wg.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("%d made the file, want 1", n)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := safefile.Open(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: got %v, want fs.ErrNotExist", err)
	}
	link := filepath.Join(folder, "link")
	if err := os.WriteFile(filepath.Join(folder, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]string{folder: "a folder", link: "a symbolic link", os.DevNull: "a device"} {
		_, err := safefile.Open(path)
		var k *safefile.KindError
		if !errors.As(err, &k) || k.Kind != kind {
			t.Errorf("%s: got %v, want a KindError: %s", path, err, kind)
		}
	}
}
