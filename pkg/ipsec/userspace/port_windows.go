package userspace

import (
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// exclusive is SO_EXCLUSIVEADDRUSE of Windows, without which another socket could take
// the port.
const exclusive = ^syscall.SO_REUSEADDR

// startWinsock begins the use of sockets (version 2.2).
var startWinsock = sync.OnceValue(func() error {
	var data syscall.WSAData
	return os.NewSyscallError("wsastartup", syscall.WSAStartup(0x202, &data))
})

// holdPort holds a free port of an address.
func holdPort(source netip.Addr) (heldPort, error) {
	if err := startWinsock(); err != nil {
		return heldPort{}, err
	}
	family := syscall.AF_INET
	var local syscall.Sockaddr
	if source.Is4() {
		local = &syscall.SockaddrInet4{Addr: source.As4()}
	} else {
		family, local = syscall.AF_INET6, &syscall.SockaddrInet6{Addr: source.As16()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, syscall.IPPROTO_TCP)
	if err != nil {
		return heldPort{}, os.NewSyscallError("socket", err)
	}
	syscall.CloseOnExec(fd)
	free := func() error { return os.NewSyscallError("closesocket", syscall.Closesocket(fd)) }
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, exclusive, 1); err != nil {
		_ = free()
		return heldPort{}, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, local); err != nil {
		_ = free()
		return heldPort{}, os.NewSyscallError("bind", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		_ = free()
		return heldPort{}, os.NewSyscallError("getsockname", err)
	}
	return heldPort{port: portOf(name), free: free}, nil
}
