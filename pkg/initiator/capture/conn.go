package capture

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// A conn is a connection whose bytes are written down.
type conn struct {
	net.Conn
	p *Writer

	mu       sync.Mutex // guards the following
	out, in  flow
	maskOut  masker
	maskIn   masker
	finished bool
}

// Conn returns nc with its bytes written to the file from now on. The packets
// have the addresses of nc; a connection that has none that are IP addresses is
// not written.
func (p *Writer) Conn(nc net.Conn) net.Conn {
	local, ok := nc.LocalAddr().(*net.TCPAddr)
	remote, ok2 := nc.RemoteAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return nc
	}
	from, to := unmapped(local.AddrPort()), unmapped(remote.AddrPort())
	c := &conn{Conn: nc, p: p, out: flow{from: from, to: to}, in: flow{from: to, to: from}}
	c.maskOut.done, c.maskIn.done, c.maskOut.ours = !p.mask, !p.mask, true
	now := time.Now()
	p.segment(now, &c.out, &c.in, tcpSYN, nil)
	p.segment(now, &c.in, &c.out, tcpSYN|tcpACK, nil)
	p.segment(now, &c.out, &c.in, tcpACK, nil)
	return c
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Read reads, and writes down what came.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.note(&c.in, &c.out, c.maskIn.add(b[:n]))
	}
	return n, err
}

// Write writes, and writes down what went. That the session is in full feature phase
// is known before its first request is sent, and so before the answer can be read.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	shown := c.maskOut.add(b)
	c.maskIn.done = c.maskOut.done
	c.mu.Unlock()
	n, err := c.Conn.Write(b)
	if n > 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.note(&c.out, &c.in, shown[:n])
	}
	return n, err
}

// Close closes the connection and ends it in the file.
func (c *conn) Close() error {
	c.mu.Lock()
	if !c.finished {
		c.finished = true
		now := time.Now()
		c.p.segment(now, &c.out, &c.in, tcpFIN|tcpACK, nil)
		c.p.segment(now, &c.in, &c.out, tcpFIN|tcpACK, nil)
		c.p.segment(now, &c.out, &c.in, tcpACK, nil)
	}
	c.mu.Unlock()
	return c.Conn.Close()
}

// note writes down bytes of one direction, unless the connection is closed. c.mu is
// held.
func (c *conn) note(f, back *flow, shown []byte) {
	if !c.finished {
		c.data(time.Now(), f, back, shown)
	}
}

// data writes bytes as packets.
func (c *conn) data(at time.Time, f, back *flow, b []byte) {
	for len(b) > 0 {
		n := min(len(b), maxSegment)
		c.p.segment(at, f, back, tcpPSH|tcpACK, b[:n])
		b = b[n:]
	}
}
