package seal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/auth"
)

// TestKeyFile: the first secret makes the file, and what it has sealed opens with
// it as long as it is the same.
func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "new", "registry.key")
	sealed := mustSeal(t, KeyFile(path), "twelve bytes", "c")
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("got mode %v, want 0600", info.Mode())
	}
	if opened, err := KeyFile(path).Open(sealed, "c"); err != nil || opened.Len() != 12 {
		t.Errorf("with the same file: %v", err)
	}

	if err := os.Rename(path, path+".lost"); err != nil {
		t.Fatal(err)
	}
	_, err = KeyFile(path).Open(sealed, "c")
	var file *KeyFileError
	if !errors.As(err, &file) || !errors.Is(err, fs.ErrNotExist) || file.Path != path {
		t.Errorf("without the file: got %v, want a KeyFileError that is fs.ErrNotExist", err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("Open has made a key")
	}
	mustSeal(t, KeyFile(path), "twelve bytes", "c")
	var wrong *WrongKeyError
	if _, err := KeyFile(path).Open(sealed, "c"); !errors.As(err, &wrong) {
		t.Errorf("with another file: got %v, want a WrongKeyError", err)
	}
}

// TestKeyFileTogether: several need a key at once, and all have the same.
func TestKeyFileTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "registry.key")
	var sealed [8][]byte
	var wg sync.WaitGroup
	for i := range sealed {
		wg.Go(func() {
			var err error
			if sealed[i], err = KeyFile(path).Seal(auth.NewSecret([]byte("twelve bytes")), "c"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range sealed {
		if _, err := KeyFile(path).Open(sealed[i], "c"); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestKeyFileRefuses(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("5e", materialLen) + "\n"
	tests := []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  string
	}{
		{"empty", content(""), "not a key file"},
		{"short", content(good[2:]), "not a key file"},
		{"long", content(good + "\n"), "not a key file"},
		{"no newline", content(good[:64] + "5"), "not a key file"},
		{"no digits", content(strings.Repeat("zx", materialLen) + "\n"), "not a key file"},
		{"huge", content(strings.Repeat(good, 1000)), "not a key file"},
		{"everybody reads", mode(good, 0o604), "its mode is 0604; run chmod 600"},
		{"the group reads", mode(good, 0o640), "its mode is 0640"},
		{"the group writes", mode(good, 0o620), "its mode is 0620"},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "it is a folder"},
		{"a link", func(t *testing.T, path string) {
			content(good)(t, path+".target")
			if err := os.Symlink(path+".target", path); err != nil {
				t.Fatal(err)
			}
		}, "it is a symbolic link"},
		{"a link to nowhere", func(t *testing.T, path string) {
			if err := os.Symlink(path+".none", path); err != nil {
				t.Fatal(err)
			}
		}, "it is a symbolic link"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "registry.key")
			tt.spoil(t, path)
			_, err := KeyFile(path).Seal(auth.NewSecret([]byte("twelve bytes")), "c")
			var file *KeyFileError
			if !errors.As(err, &file) || !strings.Contains(err.Error(), tt.want) || strings.Count(err.Error(), path) != 1 {
				t.Errorf("got %v, want a KeyFileError with the path once and %q", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "5e5e") || strings.Contains(err.Error(), "zx")) {
				t.Errorf("the error shows a part of the file: %v", err)
			}
		})
	}
}

// TestKeyFileForeign: a key that another user has put there seals nothing.
func TestKeyFileForeign(t *testing.T) {
	t.Parallel()
	need.Root(t) // to give a file away
	path := filepath.Join(t.TempDir(), "registry.key")
	if _, err := KeyFile(path).Seal(auth.NewSecret([]byte("twelve bytes")), "c"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Fatal(err)
	}
	_, err := KeyFile(path).Seal(auth.NewSecret([]byte("twelve bytes")), "c")
	var file *KeyFileError
	if !errors.As(err, &file) || !strings.Contains(err.Error(), "it belongs to another user") {
		t.Errorf("got %v, want a KeyFileError: another user's", err)
	}
	if err := os.Chown(filepath.Dir(path), 65534, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := KeyFile(path).Seal(auth.NewSecret([]byte("twelve bytes")), "c"); err != nil {
		t.Errorf("of the folder's owner: %v", err)
	}
}

func content(text string) func(t *testing.T, path string) { return mode(text, 0o600) }

func mode(text string, mode os.FileMode) func(t *testing.T, path string) {
	return func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
}
