package safefile

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncAround makes all last that was done to the file system in which path is, its own
// name included.
func syncAround(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	return unix.Syncfs(int(f.Fd()))
}
