package safefile

import "os"

// CheckWritable returns why a regular file cannot be opened for writing, or nil. It
// changes nothing, follows no link and does not wait. As any close of a file it
// costs this process the POSIX locks that it has on that file.
func CheckWritable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|openFlags, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
