//go:build unix

package safefile

import (
	"os"
	"syscall"
)

// openFlags keep an open from following a link, and from waiting for the other
// end of a pipe, that took the place of a file just now.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// syncFolder makes a new name in a folder last.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	return f.Sync()
}
