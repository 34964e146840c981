package dial

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// A tcpConn is a TCP connection on a file.
type tcpConn struct {
	f             *os.File
	fd            int // of f
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
