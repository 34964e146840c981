package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// epoll is the least that any client can do: one thread, one epoll instance, no
// runtime between it and the kernel. It is a floor for sweeps, and takes answers
// of one response only.
func epoll(args []string) error {
	portals, err := readPortals(args[0])
	if err != nil {
		return err
	}
	parallel, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	port, err := strconv.ParseUint(args[2], 10, 16)
	if err != nil {
		return err
	}
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	e := &epollFloor{fd: fd, port: uint16(port), portals: portals, requests: canned(), buf: make([]byte, 64<<10)}
	for range min(parallel, len(portals)) {
		if err := e.begin(); err != nil {
			return err
		}
	}
	events := make([]syscall.EpollEvent, 256)
	for e.open > 0 {
		n, err := syscall.EpollWait(fd, events, -1)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return err
		}
		for _, ev := range events[:max(n, 0)] {
			if err := e.step(ev.Fd); err != nil {
				return err
			}
		}
	}
	return nil
}

// An epollFloor is the state of all connections.
type epollFloor struct {
	fd       int
	port     uint16
	portals  []string
	next     int
	open     int
	requests [4][]byte
	sent     []int // requests of each connection, by its descriptor
	buf      []byte
}

// begin connects to the next portal.
func (e *epollFloor) begin() error {
	addr, err := netip.ParseAddr(e.portals[e.next])
	if err != nil {
		return err
	}
	e.next++
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	sa := syscall.SockaddrInet4{Port: int(e.port), Addr: addr.As4()}
	if err := syscall.Connect(fd, &sa); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return err
	}
	for len(e.sent) <= fd {
		e.sent = append(e.sent, 0)
	}
	e.sent[fd] = 0
	e.open++
	const edge = 1 << 31
	return syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLOUT | edge, Fd: int32(fd)})
}

// step does what a connection is ready for: it reads the answer to the request
// before, and sends the next.
func (e *epollFloor) step(fd int32) error {
	which := e.sent[fd]
	if which > 0 {
		n, errno := raw(syscall.SYS_READ, fd, e.buf)
		switch {
		case errno == syscall.EAGAIN:
			return nil // it was ready for writing
		case errno != 0:
			return errno
		case n < pdu.HeaderLen || n < pdu.HeaderLen+int(binary.BigEndian.Uint32(e.buf[4:8])&0xffffff+3)&^3:
			return fmt.Errorf("%d bytes are no whole answer", n)
		}
	}
	switch which {
	case len(e.requests):
		if err := syscall.Close(int(fd)); err != nil {
			return err
		}
		e.open--
		if e.next < len(e.portals) {
			return e.begin()
		}
		return nil
	case 2:
		which++ // the list was whole
	}
	if _, errno := raw(syscall.SYS_WRITE, fd, e.requests[which]); errno != 0 {
		return errno
	}
	e.sent[fd] = which + 1
	return nil
}

// raw is a system call that does not block, and of which the scheduler need not
// know.
func raw(call uintptr, fd int32, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}
