package userspace

import (
	"fmt"
	"os"
	"syscall"
)

func bindToDevice(c syscall.RawConn, device string) error {
	var err error
	if cerr := c.Control(func(fd uintptr) { err = syscall.BindToDevice(int(fd), device) }); cerr != nil {
		return cerr
	}
	if err != nil {
		return fmt.Errorf("bind to interface %s: %w", device, os.NewSyscallError("setsockopt", err))
	}
	return nil
}
