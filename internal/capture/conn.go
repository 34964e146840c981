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
	c.maskOut.done, c.maskIn.done = !p.mask, !p.mask
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
		c.note(&c.in, &c.out, &c.maskIn, b[:n])
	}
	return n, err
}

// Write writes, and writes down what went.
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if n > 0 {
		c.note(&c.out, &c.in, &c.maskOut, b[:n])
	}
	return n, err
}

// Close closes the connection and ends it in the file.
func (c *conn) Close() error {
	c.mu.Lock()
	if !c.finished {
		c.finished = true
		now := time.Now()
		c.data(now, &c.out, &c.in, c.maskOut.rest())
		c.data(now, &c.in, &c.out, c.maskIn.rest())
		c.p.segment(now, &c.out, &c.in, tcpFIN|tcpACK, nil)
		c.p.segment(now, &c.in, &c.out, tcpFIN|tcpACK, nil)
		c.p.segment(now, &c.out, &c.in, tcpACK, nil)
	}
	c.mu.Unlock()
	return c.Conn.Close()
}

// note writes down bytes of one direction.
func (c *conn) note(f, back *flow, m *masker, b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.finished {
		c.data(time.Now(), f, back, m.add(b))
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
