//go:build unix

package descriptors

import (
	"math"
	"syscall"
)

// Limit returns how many files the process may open, which includes sockets.
func Limit() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || uint64(l.Cur) > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(l.Cur)
}
