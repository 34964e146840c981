package xfrm

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// set puts the hold on a socket of a family, both directions.
func (h Hold) set(c syscall.RawConn, family uint16) error {
	level, option := unix.SOL_IP, unix.IP_XFRM_POLICY
	if family == familyIPv6 {
		level, option = unix.SOL_IPV6, unix.IPV6_XFRM_POLICY
	}
	var err error
	if cerr := c.Control(func(fd uintptr) {
		for _, dir := range []byte{dirOut, dirIn} {
			if err == nil {
				err = unix.SetsockoptString(int(fd), level, option, string(h.option(dir, family)))
			}
		}
	}); cerr != nil {
		return cerr
	}
	if err != nil {
		return &HoldError{Err: os.NewSyscallError("setsockopt", err)}
	}
	return nil
}

// Probe returns nil where sockets can be held here, by trying it on one; else a
// *HoldError.
func Probe() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return &HoldError{Err: os.NewSyscallError("socket", err)}
	}
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	c, err := f.SyscallConn()
	if err != nil {
		return &HoldError{Err: err}
	}
	return Hold{}.set(c, familyIPv4)
}
