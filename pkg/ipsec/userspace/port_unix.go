//go:build unix

package userspace

import (
	"net/netip"
	"os"
	"syscall"
)

// holdPort holds a free port of an address.
func holdPort(source netip.Addr) (heldPort, error) {
	family := syscall.AF_INET
	var local syscall.Sockaddr
	if source.Is4() {
		local = &syscall.SockaddrInet4{Addr: source.As4()}
	} else {
		family, local = syscall.AF_INET6, &syscall.SockaddrInet6{Addr: source.As16()}
	}
	syscall.ForkLock.RLock() // no child process gets the socket
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, syscall.IPPROTO_TCP)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return heldPort{}, os.NewSyscallError("socket", err)
	}
	free := func() error { return os.NewSyscallError("close", syscall.Close(fd)) }
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
