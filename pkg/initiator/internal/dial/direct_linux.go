package dial

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
)

// Direct connects to dst from wherever routing says: net.Dialer without what
// it does for names, several addresses and options, which in a sweep is a good
// part of the time that is not the kernel's. Its errors are those of net.Dialer.
func Direct(_ context.Context, watch watchFunc, dst netip.AddrPort) (net.Conn, error) {
	var c *tcpConn
	var err error
	// A port of this host that no program listens on may get itself connected to
	// itself (RFC 9293, section 3.5).
	for range 3 {
		if c, err = connect(watch, dst); err != nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(dst), Err: err}
		}
		if c.local != dst {
			return c, nil
		}
		_ = c.Close()
	}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(dst), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// connect makes one connection.
func connect(watch watchFunc, dst netip.AddrPort) (*tcpConn, error) {
	family, to := sockaddr(dst)
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = syscall.Connect(fd, to)
	if err != nil && err != syscall.EINPROGRESS && err != syscall.EINTR {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	c := &tcpConn{f: os.NewFile(uintptr(fd), "tcp"), remote: dst}
	if err != nil {
		err = c.established(watch)
	}
	if err == nil {
		c.local, err = localAddrPort(fd)
	}
	if err != nil {
		_ = c.f.Close()
		return nil, err
	}
	return c, nil
}

// established waits for the end of the handshake.
func (c *tcpConn) established(watch watchFunc) error {
	raw, err := c.f.SyscallConn()
	if err != nil {
		return err
	}
	watch(c.f)
	defer watch(nil)
	var failed error
	err = raw.Write(func(fd uintptr) bool {
		// The first look is not to be left out: what the poller has noticed before is
		// forgotten by now.
		var done bool
		done, failed = handshake(int(fd))
		return done
	})
	if err != nil {
		return bare(err)
	}
	return failed
}

// handshake reports whether a handshake is over, and how it went.
func handshake(fd int) (done bool, err error) {
	const closed, synSent, synReceived = 7, 2, 3 // of the kernel
	info, err := syscall.GetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_INFO)
	if err != nil {
		return true, os.NewSyscallError("getsockopt", err)
	}
	var first [4]byte // of what is asked for; the state is ahead of all else
	binary.NativeEndian.PutUint32(first[:], uint32(info))
	switch first[0] {
	case synSent, synReceived:
		return false, nil
	case closed:
		why, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
		if err == nil && why == 0 {
			why = int(syscall.ECONNABORTED)
		}
		if err == nil {
			err = syscall.Errno(why)
		}
		return true, os.NewSyscallError("connect", err)
	}
	return true, nil
}

// sockaddr returns an address in the form of the system.
func sockaddr(a netip.AddrPort) (family int, sa syscall.Sockaddr) {
	if a.Addr().Is4() {
		return syscall.AF_INET, &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	index, _ := strconv.ParseUint(a.Addr().Zone(), 10, 32) // a number by now, or none
	return syscall.AF_INET6, &syscall.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: uint32(index)}
}

// localAddrPort returns the address of a socket.
func localAddrPort(fd int) (netip.AddrPort, error) {
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, os.NewSyscallError("getsockname", err)
	}
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)), nil
	case *syscall.SockaddrInet6:
		addr := netip.AddrFrom16(sa.Addr)
		if sa.ZoneId != 0 {
			addr = zone.Named(addr.WithZone(strconv.FormatUint(uint64(sa.ZoneId), 10)))
		}
		return netip.AddrPortFrom(addr, uint16(sa.Port)), nil
	}
	return netip.AddrPort{}, os.NewSyscallError("getsockname", syscall.EAFNOSUPPORT)
}

// A tcpConn is a TCP connection on a file.
type tcpConn struct {
	f             *os.File
	local, remote netip.AddrPort
}

func (c *tcpConn) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	return n, c.wrap("read", err)
}

func (c *tcpConn) Write(p []byte) (int, error) {
	n, err := c.f.Write(p)
	return n, c.wrap("write", err)
}

func (c *tcpConn) Close() error { return c.wrap("close", c.f.Close()) }

func (c *tcpConn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.local) }

func (c *tcpConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

func (c *tcpConn) SetDeadline(t time.Time) error { return c.wrap("set", c.f.SetDeadline(t)) }

func (c *tcpConn) SetReadDeadline(t time.Time) error { return c.wrap("set", c.f.SetReadDeadline(t)) }

func (c *tcpConn) SetWriteDeadline(t time.Time) error { return c.wrap("set", c.f.SetWriteDeadline(t)) }

// LocalAddr is LocalAddr as an address.
func (c *tcpConn) localAddr() netip.Addr { return c.local.Addr() }

// wrap makes an error of the file one of the connection, as package net has them.
func (c *tcpConn) wrap(op string, err error) error {
	var path *fs.PathError
	if err == nil || !errors.As(err, &path) {
		return err // io.EOF
	}
	err = path.Err
	if errors.Is(err, os.ErrClosed) {
		err = net.ErrClosed
	}
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// bare returns what a file's error is about.
func bare(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}
