package initiator

import (
	"context"
	"syscall"
)

// ipBindAddressNoPort is IP_BIND_ADDRESS_NO_PORT of Linux.
const ipBindAddressNoPort = 24

// bindLate lets the kernel choose the local TCP port at connect rather than at
// bind, when it knows the destination: one port then serves many portals, and a
// sweep does not run out of them. A kernel that does not know the option does
// without.
func bindLate(_ context.Context, _, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, ipBindAddressNoPort, 1)
	})
}
