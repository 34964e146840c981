//go:build unix && !linux

package safefile

import "golang.org/x/sys/unix"

// syncAround makes all last that was done to any file system, as there is no call for
// the one of a folder.
func syncAround(string) error {
	return unix.Sync()
}
