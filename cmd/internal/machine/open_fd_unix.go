//go:build unix

package machine

import "golang.org/x/sys/unix"

// inherited reports whether a file descriptor was left open by the process that
// started us. exec closes those with FD_CLOEXEC, so one that has the flag was opened
// later, by this process: everything that Go and SQLite open has it.
func inherited(n int) bool {
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC == 0
}
