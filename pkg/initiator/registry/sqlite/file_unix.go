//go:build unix

package sqlite

import (
	"errors"
	"io/fs"
	"syscall"
)

// exposed returns the mode bits that a registry must not have: its owner may do
// everything, its group may read.
func exposed(info fs.FileInfo) fs.FileMode { return info.Mode().Perm() & 0o037 }

// sameOwner reports whether a file is the database owner's, or root's.
func sameOwner(info, database fs.FileInfo) bool {
	a, ok := info.Sys().(*syscall.Stat_t)
	b, ok2 := database.Sys().(*syscall.Stat_t)
	return ok && ok2 && (a.Uid == b.Uid || a.Uid == 0)
}

// isFull reports that there is no space left, or that a quota is used up.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// isReadOnly reports a file system that is mounted read-only.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
