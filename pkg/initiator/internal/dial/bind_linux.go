package dial

import (
	"fmt"
	"net/netip"
	"os"
	"syscall"
)

// ipBindAddressNoPort is IP_BIND_ADDRESS_NO_PORT of Linux.
const ipBindAddressNoPort = 24

// bind binds a socket to a source address and, where that is named, to a network
// interface.
//
// The kernel shall choose the local TCP port at connect rather than at bind,
// when it knows the destination: one port then serves many portals, and a sweep
// does not run out of them. A kernel that does not know the option does without.
func bind(fd int, source netip.Addr, device string) error {
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, ipBindAddressNoPort, 1)
	if device != "" {
		if err := syscall.BindToDevice(fd, device); err != nil {
			return fmt.Errorf("bind to interface %s: %w", device, os.NewSyscallError("setsockopt", err))
		}
	}
	_, from := sockaddr(netip.AddrPortFrom(source, 0))
	return os.NewSyscallError("bind", syscall.Bind(fd, from))
}
