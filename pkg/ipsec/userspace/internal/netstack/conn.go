package netstack

import (
	"io"
	"net"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	closeWait = 250 * time.Millisecond // that Close waits for the other end to close, too
	maxDrain  = 1 << 20                // bytes that Close reads of what the other end still says
)

// A Conn is a TCP connection over Packets, with a stack of its own. Its errors are those
// of a connection of the kernel.
type Conn struct {
	tcp   *gonet.TCPConn
	stack *stack.Stack
	flow  Flow // out

	mu     sync.Mutex
	reason error // guarded by mu: why the connection was ended; nil: it was not
	closed bool  // guarded by mu: Close was called
}

// Read reads. After End the error is the reason, after Close it is net.ErrClosed.
func (c *Conn) Read(b []byte) (int, error) {
	if err := c.over("read"); err != nil {
		return 0, err
	}
	n, err := c.tcp.Read(b)
	return n, c.cause("read", err)
}

// Write writes; its errors are as those of Read.
func (c *Conn) Write(b []byte) (int, error) {
	if err := c.over("write"); err != nil {
		return 0, err
	}
	n, err := c.tcp.Write(b)
	return n, c.cause("write", err)
}

// over returns why there is nothing to be read or written any more.
func (c *Conn) over(op string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return c.wrap(op, net.ErrClosed)
	case c.reason != nil:
		return c.reason
	}
	return nil
}

// cause returns why the connection is over in place of what follows from it.
func (c *Conn) cause(op string, err error) error {
	if err == nil {
		return nil
	}
	if over := c.over(op); over != nil {
		return over
	}
	return c.wrap(op, err)
}

// End ends the connection for a reason, which each Read and Write returns from now on,
// those that wait included. Nothing is sent. Close is still due.
func (c *Conn) End(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == nil {
		c.reason = reason
		_ = c.tcp.SetDeadline(time.Unix(1, 0))
	}
}

// Close ends the connection. Both ends say that they are done, where the other one does
// not take longer than 250 ms; then nothing of the connection is left here.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return c.wrap("close", net.ErrClosed)
	}
	c.closed = true
	ended := c.reason != nil
	_ = c.tcp.SetDeadline(time.Unix(1, 0)) // for a Read that waits in another goroutine
	c.mu.Unlock()
	if !ended && c.tcp.CloseWrite() == nil {
		_ = c.tcp.SetReadDeadline(time.Now().Add(closeWait))
		_, _ = io.Copy(io.Discard, io.LimitReader(struct{ io.Reader }{c.tcp}, maxDrain))
	}
	_ = c.tcp.Close()
	c.stack.Destroy()
	return nil
}

// LocalAddr returns our end, a *net.TCPAddr.
func (c *Conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.flow.From) }

// RemoteAddr returns the other end, a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.flow.To) }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error { return c.deadline(c.tcp.SetDeadline, t) }

// SetReadDeadline sets the deadline of Read.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.deadline(c.tcp.SetReadDeadline, t) }

// SetWriteDeadline sets the deadline of Write.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.deadline(c.tcp.SetWriteDeadline, t) }

// deadline sets a deadline, unless the connection is over: then it stays in the past.
func (c *Conn) deadline(set func(time.Time) error, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return c.wrap("set", net.ErrClosed)
	case c.reason != nil:
		return nil
	}
	return c.wrap("set", set(t))
}
