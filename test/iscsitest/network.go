package iscsitest

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Network is a network in memory, where any address may be a portal: for
// redirects, several addresses of one name, source addresses, and for time that
// passes in a testing/synctest bubble. Its Dial takes the place of a real one.
type Network struct {
	tb    testing.TB
	mu    sync.Mutex // guards hosts, dials and ends
	hosts map[netip.AddrPort]*host
	dials []Dial
	ends  []*end
}

// A Dial is one call of Network.Dial.
type Dial struct {
	Source netip.Addr // invalid: none was asked for
	Portal netip.AddrPort
}

// NewNetwork returns a network without portals. At the end of the test each
// connection has to be closed by the initiator.
func NewNetwork(tb testing.TB) *Network {
	n := &Network{tb: tb, hosts: make(map[netip.AddrPort]*host)}
	tb.Cleanup(n.close)
	return n
}

// Portal puts handlers behind an address, which serve connections in turn as
// those of Listen do. Without a handler connections hang: Dial waits until its
// context ends. An address that is no portal refuses them.
func (n *Network) Portal(addr string, handlers ...Handler) netip.AddrPort {
	ap := netip.MustParseAddrPort(addr)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[ap] = &host{tb: n.tb, handlers: handlers}
	return ap
}

// Dial connects to a portal from a source address; the zero one stands for any.
func (n *Network) Dial(ctx context.Context, src netip.Addr, dst netip.AddrPort) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials = append(n.dials, Dial{Source: src, Portal: dst})
	h := n.hosts[dst]
	if h == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(dst), Err: syscall.ECONNREFUSED}
	}
	if len(h.handlers) == 0 {
		n.mu.Unlock()
		<-ctx.Done()
		n.mu.Lock()
		return nil, ctx.Err()
	}
	if !src.IsValid() {
		src = netip.MustParseAddr("192.0.2.254")
		if dst.Addr().Is6() {
			src = netip.MustParseAddr("2001:db8::fe")
		}
	}
	from := net.TCPAddrFromAddrPort(netip.AddrPortFrom(src, uint16(50000+len(n.ends))))
	to := net.TCPAddrFromAddrPort(dst)
	initiator, target := net.Pipe()
	e := &end{Conn: initiator, local: from, remote: to}
	n.ends = append(n.ends, e)
	h.serve(&end{Conn: atOnce(target), local: to, remote: from})
	return e, nil
}

// Dials returns the calls of Dial so far, in order.
func (n *Network) Dials() []Dial {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials[:len(n.dials):len(n.dials)]
}

// Open returns how many connections the initiator has not closed yet.
func (n *Network) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	open := 0
	for _, e := range n.ends {
		if e.left() {
			open++
		}
	}
	return open
}

// Sessions returns the connections to a portal so far, in the order in which
// they came.
func (n *Network) Sessions(portal netip.AddrPort) []Session {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hosts[portal].sessions()
}

func (n *Network) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.ends {
		if e.left() {
			n.tb.Errorf("iscsitest: the initiator left its connection to %v open", e.remote)
		}
		e.Close()
	}
	for _, h := range n.hosts {
		h.wait(time.Time{})
	}
}

// A whole connection takes what the other side writes at once, as a kernel does. A pipe
// by itself hands it over piece by piece, and where the initiator is cancelled and
// closes in between, the stream would end within a PDU.
type whole struct {
	net.Conn
	r *bufio.Reader
}

func atOnce(nc net.Conn) net.Conn { return whole{nc, bufio.NewReaderSize(nc, 16<<10)} }

func (w whole) Read(b []byte) (int, error) { return w.r.Read(b) }

// An end is one end of a connection with addresses.
type end struct {
	net.Conn
	local, remote net.Addr

	mu     sync.Mutex // guards closed
	closed bool
}

func (e *end) LocalAddr() net.Addr { return e.local }

func (e *end) RemoteAddr() net.Addr { return e.remote }

func (e *end) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	return e.Conn.Close()
}

func (e *end) left() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.closed
}
