package safefile

import "os"

// OpenWritable opens a regular file for writing, to find out whether that is possible. It
// changes nothing, follows no link and does not wait. To close the file costs this process
// the POSIX locks that it has on it.
func OpenWritable(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|openFlags, 0)
}
