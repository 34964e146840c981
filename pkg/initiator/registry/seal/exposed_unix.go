//go:build unix

package seal

import "io/fs"

// exposed reports whether others than the owner of a file may read or write it.
func exposed(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
