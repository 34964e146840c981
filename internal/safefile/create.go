package safefile

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Create makes a file that only its owner may use, whole or not at all, and on
// the disk when it returns; its folder, too, and those above it, where there are
// none. A file that is there already stays: the error is fs.ErrExist then.
func Create(path string, contents []byte) error { return CreateFor(path, contents, "") }

// CreateFor is Create, and where root makes the file it belongs to the owner and the
// group of another file, unless that is empty: what root makes for a user must not be
// root's.
func CreateFor(path string, contents []byte, like string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if err := makeFolder(folder); err != nil {
		return err
	}
	// A link gives the finished file its name, and unlike a rename it never takes
	// the place of another.
	draft := path + ".new-" + rand.Text()
	defer os.Remove(draft) //nolint:errcheck // there is nothing to do about it
	if err := write(draft, contents, like); err != nil {
		return err
	}
	if err := os.Link(draft, path); err != nil {
		return err
	}
	return syncName(path, true)
}

// makeFolder makes a folder and those above it, where they are missing, and sees to
// it that all of them stay when the power fails. That includes those that are there:
// the process that made one may have been killed before it had synced it.
func makeFolder(folder string) error {
	made := make(map[string]bool)
	for path := folder; !made[path]; path = filepath.Dir(path) {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made[path] = true
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for path := folder; path != filepath.Dir(path); path = filepath.Dir(path) {
		if err := syncName(path, made[path]); err != nil {
			return err
		}
	}
	return nil
}

// syncName makes last that a path is in its folder. A folder may be one to make
// others in, and not to read; then only what we made is worth the effort.
func syncName(path string, made bool) error {
	err := syncFolder(filepath.Dir(path))
	switch {
	case !errors.Is(err, fs.ErrPermission):
		return err
	case made:
		return syncAround(path)
	}
	return nil
}

// New makes an empty file that only its owner may use, to be written. Whatever has
// the name already stays, a link that leads nowhere as well: the error is
// fs.ErrExist then.
func New(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// Replace gives a file another name, and takes the place of what has that name. The
// file keeps its old name until the new one is on the disk: whenever the power fails it
// has one of the two, or both. For a moment nothing may have the new name.
func Replace(from, to string) error {
	if _, err := os.Lstat(from); err != nil {
		return err
	}
	if err := Remove(to); err != nil {
		return err
	}
	if err := os.Link(from, to); err != nil {
		return err
	}
	if err := syncName(to, true); err != nil {
		return err
	}
	return Remove(from)
}

// Remove removes a file, to last. It is no error where there is none.
func Remove(path string) error {
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func write(path string, contents []byte, like string) error {
	f, err := New(path)
	if err != nil {
		return err
	}
	if like != "" {
		err = giveTo(f, like)
	}
	if err == nil {
		_, err = f.Write(contents)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
