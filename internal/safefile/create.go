package safefile

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
)

// Create makes a file that only its owner may use, whole or not at all, and on
// the disk when it returns; its folder, too, where there is none. A file that is
// there already stays: the error is fs.ErrExist then.
func Create(path string, contents []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	// A link gives the finished file its name, and unlike a rename it never takes
	// the place of another.
	draft := path + ".new-" + rand.Text()
	defer os.Remove(draft) //nolint:errcheck // there is nothing to do about it
	if err := write(draft, contents); err != nil {
		return err
	}
	if err := os.Link(draft, path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// New makes an empty file that only its owner may use, to be written. Whatever has
// the name already stays, a link that leads nowhere as well: the error is
// fs.ErrExist then.
func New(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func write(path string, contents []byte) error {
	f, err := New(path)
	if err != nil {
		return err
	}
	_, err = f.Write(contents)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
