package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// sideFiles are what SQLite may keep beside a database: the log, its index, and
// the rollback journal of a time before the log.
var sideFiles = []string{"-wal", "-shm", "-journal"}

// openFile opens a registry's file to look at it, following no link, and refuses
// what is not one. hot reports a log beside it, which may hold changes that are
// not in the file itself.
func openFile(path string) (f *os.File, hot bool, err error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, false, fileError(path, err)
	}
	if !before.Mode().IsRegular() {
		return nil, false, &FileError{Path: path, Problem: NotRegular, Reason: kind(before.Mode())}
	}
	if f, err = os.OpenFile(path, os.O_RDONLY|openFlags, 0); err != nil {
		return nil, false, fileError(path, err)
	}
	if hot, err = checkFile(path, f, before); err != nil {
		_ = f.Close() // nothing was written through it
		return nil, false, err
	}
	return f, hot, nil
}

// checkFile judges an open file by all that can be seen without SQLite.
func checkFile(path string, f *os.File, before fs.FileInfo) (hot bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, fileError(path, err)
	}
	if !os.SameFile(info, before) || !info.Mode().IsRegular() {
		return false, &FileError{Path: path, Problem: NotRegular, Reason: "it is being replaced"}
	}
	if mode := exposed(info); mode != 0 {
		return false, &FileError{Path: path, Problem: Exposed, Reason: fmt.Sprintf("its mode is %#o", info.Mode().Perm())}
	}
	if err := checkHeader(path, f); err != nil {
		return false, err
	}
	return checkSideFiles(path, info)
}

// checkSideFiles refuses a file beside the database that somebody else may have
// put there: SQLite would take its contents for ours.
func checkSideFiles(path string, database fs.FileInfo) (hot bool, err error) {
	for _, suffix := range sideFiles {
		info, err := os.Lstat(path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		switch {
		case err != nil:
			return false, fileError(path+suffix, err)
		case !info.Mode().IsRegular():
			return false, &FileError{Path: path + suffix, Problem: NotRegular, Reason: kind(info.Mode())}
		case exposed(info) != 0:
			return false, &FileError{Path: path + suffix, Problem: Exposed, Reason: fmt.Sprintf("its mode is %#o", info.Mode().Perm())}
		case !sameOwner(info, database):
			return false, &FileError{Path: path + suffix, Problem: Exposed, Reason: "it belongs to another user than " + path}
		}
		hot = hot || info.Size() > 0
	}
	return hot, nil
}

// sameFile reports whether path still is the file f.
func sameFile(path string, f *os.File) bool {
	now, err := os.Lstat(path)
	if err != nil {
		return false
	}
	then, err := f.Stat()
	return err == nil && os.SameFile(now, then)
}

// kind names what is not a regular file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
