package dial

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
)

// A Handshake is a TCP connection that is being made: net.Dialer without what that does
// for names, several addresses and options, which in a sweep is a good part of the time
// that is not the kernel's. Its errors are those of net.Dialer.
type Handshake struct {
	c      *tcpConn
	source netip.Addr // bound to; invalid: none
	err    error      // how it ended; nil: it is under way, or it went well
	over   bool
}

// begin sends the first packet. A handshake that failed at once is an error.
func begin(_ context.Context, source netip.Addr, device string, dst netip.AddrPort) (*Handshake, error) {
	var err error
	// A port of this host that no program listens on may get itself connected to
	// itself (RFC 9293, section 3.5).
	for range 3 {
		var h *Handshake
		if h, err = first(source, device, dst); err != nil {
			return nil, failed(source, dst, err)
		}
		if h.over, h.err = state(h.Descriptor()); !h.over || h.err != nil {
			return h, nil
		}
		if h.c.local, err = localAddrPort(h.Descriptor()); err == nil && h.c.local != dst {
			return h, nil
		}
		h.Close()
	}
	return nil, failed(source, dst, os.NewSyscallError("connect", syscall.ECONNREFUSED))
}

// failed is an error of the kind that net.Dialer has.
func failed(source netip.Addr, dst netip.AddrPort, err error) error {
	e := &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(dst), Err: err}
	if source.IsValid() {
		e.Source = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	return e
}

// first makes a socket and sends the first packet.
func first(source netip.Addr, device string, dst netip.AddrPort) (*Handshake, error) {
	family, to := sockaddr(dst)
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, syscall.IPPROTO_TCP)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if source.IsValid() {
		if err := bind(fd, source, device); err != nil {
			_ = syscall.Close(fd)
			return nil, err
		}
	}
	err = syscall.Connect(fd, to)
	if err != nil && err != syscall.EINPROGRESS && err != syscall.EINTR {
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	return &Handshake{c: &tcpConn{f: os.NewFile(uintptr(fd), "tcp"), fd: fd, remote: dst}, source: source}, nil
}

// Descriptor returns the number of the socket, for a poller.
func (h *Handshake) Descriptor() int { return h.c.fd }

// wait waits for the end of the handshake, for so long at most; 0: without a limit.
func (h *Handshake) wait(watch watchFunc, patience time.Duration) (done bool, err error) {
	if patience < 0 {
		return false, nil
	}
	if h.over {
		return true, h.ended()
	}
	f := h.c.f
	raw, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	if patience > 0 {
		_ = f.SetWriteDeadline(time.Now().Add(patience))
	}
	watch(f)
	err = raw.Write(func(fd uintptr) bool {
		// The first look is not to be left out: what the poller has noticed before is
		// forgotten by now.
		h.over, h.err = state(int(fd))
		return h.over
	})
	watch(nil)
	switch {
	case patience > 0 && errors.Is(err, os.ErrDeadlineExceeded):
		return false, f.SetWriteDeadline(time.Time{})
	case err != nil:
		return true, failed(h.source, h.c.remote, bare(err))
	}
	if patience > 0 {
		err = f.SetWriteDeadline(time.Time{})
	}
	if err == nil {
		err = h.ended()
	}
	return true, err
}

// ended is the error of a handshake that is over.
func (h *Handshake) ended() error {
	if h.err == nil {
		return nil
	}
	return failed(h.source, h.c.remote, h.err)
}

// Look reports whether the handshake is over, without waiting. Conn says how it went.
func (h *Handshake) Look() (over bool) {
	if !h.over {
		h.over, h.err = state(h.Descriptor())
	}
	return h.over
}

// Conn returns the connection of a handshake that is over, or why there is none.
func (h *Handshake) Conn() (net.Conn, error) {
	err := h.err
	if err == nil && !h.c.local.IsValid() {
		if h.c.local, err = localAddrPort(h.Descriptor()); err == nil && h.c.local == h.c.remote {
			err = os.NewSyscallError("connect", syscall.ECONNREFUSED) // it is connected to itself
		}
	}
	if err != nil {
		h.Close()
		return nil, failed(h.source, h.c.remote, err)
	}
	return h.c, nil
}

// Close gives up.
func (h *Handshake) Close() { _ = h.c.f.Close() }

// Wait waits for the end without a limit but that of watch.
func (h *Handshake) Wait(watch func(Deadliner)) (net.Conn, error) {
	if _, err := h.wait(watch, 0); err != nil {
		h.Close()
		return nil, err
	}
	return h.Conn()
}

// state reports whether the handshake of a socket is over, and how it went.
func state(fd int) (over bool, err error) {
	const closed, synSent, synReceived = 7, 2, 3 // of the kernel
	info, err := syscall.GetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_INFO)
	if err != nil {
		return true, os.NewSyscallError("getsockopt", err)
	}
	var first [4]byte // of what is asked for; the state is ahead of all else
	binary.NativeEndian.PutUint32(first[:], uint32(info))
	switch first[0] {
	case synSent, synReceived:
		// An ICMP message that came while connect was under way is only kept: the kernel
		// would repeat the SYN.
		err := failure(fd, 0)
		return err != nil, err
	case closed:
		return true, failure(fd, syscall.ECONNABORTED)
	}
	return true, nil
}

// failure returns why a socket failed; usual where the kernel does not say.
func failure(fd int, usual syscall.Errno) error {
	why, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if why != 0 {
		usual = syscall.Errno(why)
	}
	if usual == 0 {
		return nil
	}
	return os.NewSyscallError("connect", usual)
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
