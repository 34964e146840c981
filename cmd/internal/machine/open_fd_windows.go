package machine

import "os"

// inherited reports whether a number is an open handle. Windows does not tell
// which process opened it.
func inherited(n int) bool {
	_, err := os.NewFile(uintptr(n), "fd").Stat()
	return err == nil
}
