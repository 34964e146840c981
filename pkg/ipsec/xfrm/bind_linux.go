package xfrm

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// bind gives a socket an address of this host, and a network interface where one
// is named. The port is the one that is asked for, if it is not zero and not
// taken; else a free one. It returns the port.
func bind(c syscall.RawConn, source netip.AddrPort, device string) (port uint16, err error) {
	if cerr := c.Control(func(fd uintptr) {
		if device != "" {
			if err = unix.BindToDevice(int(fd), device); err != nil {
				err = fmt.Errorf("bind to interface %s: %w", device, os.NewSyscallError("setsockopt", err))
				return
			}
		}
		err = unix.Bind(int(fd), sockaddr(source.Addr(), source.Port()))
		if err == unix.EADDRINUSE && source.Port() != 0 {
			err = unix.Bind(int(fd), sockaddr(source.Addr(), 0))
		}
		if err != nil {
			err = fmt.Errorf("bind to %s: %w", source.Addr(), os.NewSyscallError("bind", err))
			return
		}
		port, err = portOf(int(fd))
	}); cerr != nil {
		return 0, cerr
	}
	return port, err
}

func sockaddr(a netip.Addr, port uint16) unix.Sockaddr {
	if a.Is4() {
		return &unix.SockaddrInet4{Addr: a.As4(), Port: int(port)}
	}
	return &unix.SockaddrInet6{Addr: a.As16(), Port: int(port), ZoneId: zoneID(a.Zone())}
}

// zoneID returns the number of a network interface; 0: there is none, and bind
// says so.
func zoneID(name string) uint32 {
	if i, err := net.InterfaceByName(name); err == nil {
		return uint32(i.Index)
	}
	n, _ := strconv.ParseUint(name, 10, 32)
	return uint32(n)
}

func portOf(fd int) (uint16, error) {
	name, err := unix.Getsockname(fd)
	switch a := name.(type) {
	case *unix.SockaddrInet4:
		return uint16(a.Port), nil
	case *unix.SockaddrInet6:
		return uint16(a.Port), nil
	}
	return 0, os.NewSyscallError("getsockname", err)
}
