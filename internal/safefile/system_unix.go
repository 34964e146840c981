//go:build unix

package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// openFlags keep an open from following a link, and from waiting for the other
// end of a pipe, that took the place of a file just now.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// syncFolder makes a new name in a folder last. Some file systems have no such call:
// what they do is done.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.EROFS) {
		return nil
	}
	return err
}

// Foreign reports whether a file, of Lstat, belongs to a user without rights here:
// neither to us, nor to root, nor to the owner of its folder, who can replace it anyway.
func Foreign(path string, info fs.FileInfo) bool {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return true
	}
	file, ok := info.Sys().(*syscall.Stat_t)
	dir, ok2 := folder.Sys().(*syscall.Stat_t)
	if !ok || !ok2 {
		return true
	}
	return file.Uid != uint32(os.Geteuid()) && file.Uid != 0 && file.Uid != dir.Uid
}

// giveTo gives a file of ours to the owner and the group of another, where we are root:
// others cannot give files away.
func giveTo(f *os.File, like string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Lstat(like)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	return f.Chown(int(owner.Uid), int(owner.Gid))
}

// SameOwner reports whether two files belong to one user. Files that cannot be seen do.
func SameOwner(path, other string) bool {
	a, err := os.Lstat(path)
	b, err2 := os.Lstat(other)
	if err != nil || err2 != nil {
		return true
	}
	owner, ok := a.Sys().(*syscall.Stat_t)
	owner2, ok2 := b.Sys().(*syscall.Stat_t)
	return !ok || !ok2 || owner.Uid == owner2.Uid
}
