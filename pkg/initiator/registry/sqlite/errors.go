package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	lib "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/go-iscsi/discovery/internal/safefile"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A Problem says what is wrong with a registry's file.
type Problem uint8

// The problems.
const (
	NotRegular  Problem = iota // a folder, a link, a device, a pipe
	Exposed                    // others may write it, or everybody may read it
	NotRegistry                // empty, of another program, or no database at all
	Damaged                    // it was a registry
	Newer                      // made by a newer version of this package
	Older                      // of an older version, and opened for reading only
	Busy                       // another process has been writing for longer than BusyLimit
	Full                       // no space left
	Denied                     // no permission to read or to write
	Missing                    // not there, or not there any more
	IO                         // what else the system said
)

// problems has of each problem a name and what to do about it.
var problems = [...]struct{ name, hint string }{
	NotRegular:  {"not a regular file", "give the path of the file itself"},
	Exposed:     {"accessible to others", "run chmod 600 on it, and find out who had access"},
	NotRegistry: {"not a registry", "give another path, or move the file away"},
	Damaged:     {"damaged", "restore it from a backup, or move it away together with its -wal file"},
	Newer:       {"made by a newer version", "use that version"},
	Older:       {"made by an older version", "open it for writing once, which updates it"},
	Busy:        {"busy", "another process is writing to it and has not finished"},
	Full:        {"no space left", "free some space; nothing is lost"},
	Denied:      {"no permission", "check the modes of the file and of its folder"},
	Missing:     {"not there", "give another path, or add something, which creates it"},
	IO:          {"not accessible", "check the file system"},
}

// String returns the problem in words.
func (p Problem) String() string { return problems[p].name }

// A FileError is a registry that cannot be used, or not now. Nothing was
// changed.
type FileError struct {
	Path    string
	Problem Problem
	Reason  string // in words; may be empty
	Err     error  // of the system or of SQLite, or nil
}

func (e *FileError) Error() string {
	s := fmt.Sprintf("registry %s: %s", e.Path, e.Problem)
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	if cause := causeText(e.Err); cause != "" {
		s += ": " + cause
	}
	return s + "; " + problems[e.Problem].hint
}

// causeText returns what the system said. Texts of SQLite help only developers of SQLite,
// so the error has just the number of the result; errors.As finds the rest.
func causeText(err error) string {
	var e *lib.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return fmt.Sprintf("SQLite result %d", e.Code())
	}
	return err.Error()
}

// Unwrap returns the error of the system or of SQLite.
func (e *FileError) Unwrap() error { return e.Err }

// Is reports that a damaged file is initiator.ErrRegistryDamaged, and that one
// that may not be read or written is fs.ErrPermission, whether the system says so
// or SQLite.
func (e *FileError) Is(target error) bool {
	switch target {
	case registry.ErrRegistryDamaged:
		return e.Problem == Damaged
	case fs.ErrPermission:
		return e.Problem == Denied
	}
	return false
}

// fail returns the error for what SQLite or database/sql said about path. The
// errors of this package, of package initiator and of a context stay as they
// are.
func fail(ctx context.Context, path string, err error) error {
	var (
		file     *FileError
		conflict *registry.ConflictError
	)
	switch {
	case err == nil, errors.As(err, &file), errors.As(err, &conflict):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &FileError{Path: path, Problem: problemOf(err), Err: err}
}

// problemOf sorts SQLite's result codes.
func problemOf(err error) Problem {
	var e *lib.Error
	if errors.As(err, &e) && e.Code() == codes.SQLITE_IOERR_SHMSIZE { // the log's index did not fit
		return Full
	}
	switch code(err) {
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB, codes.SQLITE_SCHEMA:
		return Damaged
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_PROTOCOL:
		return Busy
	case codes.SQLITE_FULL:
		return Full
	case codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN: // the log cannot be made, or opened
		return Denied
	}
	return IO
}

// code returns SQLite's primary result code, or 0.
func code(err error) int {
	var e *lib.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// fileError returns the error for what the system said about path, or nil.
func fileError(path string, err error) error {
	if err == nil {
		return nil
	}
	var kind *safefile.KindError
	problem := IO
	switch {
	case errors.As(err, &kind):
		problem = NotRegular
	case errors.Is(err, fs.ErrNotExist):
		problem = Missing
	case errors.Is(err, fs.ErrPermission), isReadOnly(err):
		problem = Denied
	case isFull(err):
		problem = Full
	}
	return &FileError{Path: path, Problem: problem, Err: safefile.Cause(err)}
}
