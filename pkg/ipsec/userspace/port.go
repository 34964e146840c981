package userspace

import "syscall"

// A heldPort is a TCP port of this host that a socket is bound to, which neither listens
// nor connects. As long as it is held no other process has it, so no other has the same
// selectors, and no connection in clear text has the same addresses and ports.
type heldPort struct {
	port uint16
	free func() error
}

func portOf(name syscall.Sockaddr) uint16 {
	switch a := name.(type) {
	case *syscall.SockaddrInet4:
		return uint16(a.Port)
	case *syscall.SockaddrInet6:
		return uint16(a.Port)
	}
	return 0
}
