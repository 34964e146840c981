package xfrm

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// closeWait is how long Close waits for the other end to close, too.
const closeWait = 250 * time.Millisecond

// A conn is a connection under a hold. It ends when its associations do.
type conn struct {
	*net.TCPConn
	guard   *guard
	watcher *watcher
	once    sync.Once // for Close
}

// newConn takes the watcher along, and lends the guard.
func newConn(nc *net.TCPConn, g *guard, w *watcher) *conn {
	c := &conn{TCPConn: nc, guard: g, watcher: w}
	w.start(func() {
		// Nothing can leave any more: no use in trying for minutes.
		_ = nc.SetLinger(0)
		_ = nc.Close()
	})
	return c
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	return n, c.cause(err)
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b)
	return n, c.cause(err)
}

// ReadFrom and WriteTo keep io.Copy from going round Read and Write.
func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{c}, r) }
func (c *conn) WriteTo(w io.Writer) (int64, error)  { return io.Copy(w, struct{ io.Reader }{c}) }

// cause returns the loss of the associations in place of what follows from it.
func (c *conn) cause(err error) error {
	if lost := c.watcher.lost(); err != nil && lost != nil {
		return lost
	}
	return err
}

// Close ends the connection. Both ends say that they are done, where the other
// one does not take long; then nothing of it is left here that would go on to say
// something. The guard stays until the associations are gone, and is renewed, as
// the connection may have lasted.
func (c *conn) Close() error {
	err := error(net.ErrClosed)
	c.once.Do(func() {
		if c.watcher.lost() == nil {
			_ = c.guard.set()
			if c.TCPConn.CloseWrite() == nil {
				_ = c.TCPConn.SetReadDeadline(time.Now().Add(closeWait))
				_, _ = io.Copy(io.Discard, io.LimitReader(struct{ io.Reader }{c.TCPConn}, maxDrain))
			}
		}
		_ = c.TCPConn.SetLinger(0)
		err = c.TCPConn.Close()
		c.watcher.close()
		if c.watcher.lost() != nil && errors.Is(err, net.ErrClosed) {
			err = nil
		}
	})
	return err
}

// maxDrain is how much Close reads of what the other end still says.
const maxDrain = 1 << 20
