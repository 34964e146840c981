package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// sideFiles are what SQLite may keep beside a database: the log, its index, and
// the rollback journal of a time before the log.
var sideFiles = []string{"-wal", "-shm", "-journal"}

// openFile opens a registry's file to look at it, and refuses what is not one. Call
// release. hot reports a log beside it, which may hold changes that are
// not in the file itself.
func openFile(path string) (f *heldFile, hot bool, err error) {
	if f, err = holdFile(path); err != nil {
		return nil, false, fileError(path, err)
	}
	if hot, err = checkFile(path, f.File); err != nil {
		f.release()
		return nil, false, err
	}
	return f, hot, nil
}

// checkFile judges an open file, and those beside it, by all that can be seen
// without SQLite.
func checkFile(path string, f *os.File) (hot bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return false, fileError(path, err)
	}
	if err := checkMode(path, info); err != nil {
		return false, err
	}
	if err := checkOwner(path, info); err != nil {
		return false, err
	}
	if err := checkHeader(path, f); err != nil {
		return false, err
	}
	for _, suffix := range sideFiles {
		there, err := checkSideFile(path, path+suffix, info)
		if err != nil {
			return false, err
		}
		hot = hot || there
	}
	return hot, nil
}

// checkSideFile refuses a file beside the database that another user may have put there:
// SQLite would read it as part of the database. It reports whether the file has contents.
func checkSideFile(path, side string, database fs.FileInfo) (bool, error) {
	info, err := os.Lstat(side)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fileError(side, err)
	}
	if err := safefile.CheckKind(side, info); err != nil {
		return false, fileError(side, err)
	}
	if !sameOwner(info, database) {
		return false, &FileError{Path: side, Problem: Exposed, Reason: "it belongs to another user than " + path}
	}
	return info.Size() > 0, checkMode(side, info)
}

// checkMode refuses a file that others may write, or everybody may read.
func checkMode(path string, info fs.FileInfo) error {
	if exposed(info) == 0 {
		return nil
	}
	return &FileError{Path: path, Problem: Exposed, Reason: fmt.Sprintf("its mode is %#o", info.Mode().Perm())}
}

// checkPlace refuses to go on with a file that has no longer, or another file has
// now, the name that it was opened by: the next Open would not find what we write.
func checkPlace(path string, opened fs.FileInfo) error {
	now, err := os.Lstat(path)
	if err == nil && os.SameFile(now, opened) {
		return nil
	}
	return &FileError{Path: path, Problem: Missing, Reason: "it was moved, deleted or replaced while it was open"}
}
