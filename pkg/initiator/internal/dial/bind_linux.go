package dial

import (
	"fmt"
	"os"
	"syscall"
)

// ipBindAddressNoPort is IP_BIND_ADDRESS_NO_PORT of Linux.
const ipBindAddressNoPort = 24

// control prepares a socket that is about to be bound to a source address.
//
// The kernel shall choose the local TCP port at connect rather than at bind,
// when it knows the destination: one port then serves many portals, and a sweep
// does not run out of them. A kernel that does not know the option does without.
func control(c syscall.RawConn, device string) error {
	var bound error
	err := c.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, ipBindAddressNoPort, 1)
		if device != "" {
			bound = syscall.BindToDevice(int(fd), device)
		}
	})
	if err != nil {
		return err
	}
	if bound != nil {
		return fmt.Errorf("bind to interface %s: %w", device, os.NewSyscallError("setsockopt", bound))
	}
	return nil
}
