// Package safefile opens and makes files that hold secrets, or what programs
// trust: no link is followed, no other user gets in, and a file is there whole or
// not at all.
package safefile

import (
	"io/fs"
	"os"
)

// Open opens a regular file for reading. It follows no link and does not
// wait. What is no regular file is a *KindError.
func Open(path string) (*os.File, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := CheckKind(path, before); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = &KindError{Path: path, Kind: "about to be replaced"}
	}
	if err != nil {
		_ = f.Close() // nothing was written through it
		return nil, err
	}
	return f, nil
}

// CheckKind returns a *KindError unless info, of Lstat, is of a regular file.
func CheckKind(path string, info fs.FileInfo) error {
	mode := info.Mode()
	kind := "a device"
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a folder"
	case mode&fs.ModeSymlink != 0:
		kind = "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return &KindError{Path: path, Kind: kind}
}

// A KindError is a path where there is something else than a regular file.
type KindError struct {
	Path string
	Kind string // in words, such as "a folder"
}

func (e *KindError) Error() string { return e.Path + " is " + e.Kind }
