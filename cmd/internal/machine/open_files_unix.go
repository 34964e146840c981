//go:build unix

package machine

import "syscall"

// openFiles returns how many files this process may open; 0: it is not known. Go raises
// the soft limit to the hard one when a program starts, so that is the number.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
