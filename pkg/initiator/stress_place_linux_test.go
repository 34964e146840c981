package initiator_test

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A stressPlace is where the portals of a round are.
type stressPlace interface {
	real() bool // with sockets
	few() bool  // with few descriptors

	serve(h iscsitest.Handler) netip.AddrPort
	refuses(port uint16) netip.AddrPort // 0: at any port
	silent() netip.AddrPort

	// late is silent until some time after begin was called, and is served by h then.
	late(h iscsitest.Handler) (addr netip.AddrPort, begin func())
}

// A stressNetwork is a place in memory.
type stressNetwork struct {
	n      *iscsitest.Network
	number byte
	slow   map[string]time.Duration // how long connections take
}

func (*stressNetwork) real() bool { return false }

func (*stressNetwork) few() bool { return false }

// next returns an address that is free.
func (n *stressNetwork) next() netip.Addr {
	n.number++
	return netip.AddrFrom4([4]byte{192, 0, 2, n.number})
}

func (n *stressNetwork) serve(h iscsitest.Handler) netip.AddrPort {
	return n.n.Portal(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 1}), uint16(n.next().As4()[3])).String(), h)
}

func (n *stressNetwork) refuses(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(n.next(), max(port, 1))
}

func (n *stressNetwork) silent() netip.AddrPort {
	return n.n.Portal(netip.AddrPortFrom(n.next(), 3260).String())
}

func (n *stressNetwork) late(h iscsitest.Handler) (netip.AddrPort, func()) {
	addr := n.serve(h)
	n.slow[addr.String()] = 3 * time.Second
	return addr, func() {}
}

func (n *stressNetwork) dial(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	if d := n.slow[to.String()]; d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return n.n.Dial(ctx, from, to)
}

// A stressLoopback is a place on the loopback interface.
type stressLoopback struct {
	t         *testing.T
	addresses []netip.AddrPort // of its portals, in the order of the calls
}

func (*stressLoopback) real() bool { return true }

func (*stressLoopback) few() bool { return false }

func (l *stressLoopback) made(addr netip.AddrPort) netip.AddrPort {
	l.addresses = append(l.addresses, addr)
	return addr
}

func (l *stressLoopback) serve(h iscsitest.Handler) netip.AddrPort {
	return l.made(iscsitest.Listen(l.t, h).Addr)
}

// refuses binds a socket that does not listen: so no other program gets the port. The port
// may be taken at one address, by a portal of the round that refuses at any port.
func (l *stressLoopback) refuses(port uint16) netip.AddrPort {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = syscall.Close(fd) })
	ip := [4]byte{127, 0, 0, 77}
	for err = syscall.EADDRINUSE; err == syscall.EADDRINUSE && ip[3] < 100; ip[3]++ {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: ip, Port: int(port)})
	}
	if err != nil {
		l.t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		l.t.Fatal(err)
	}
	bound := sa.(*syscall.SockaddrInet4)
	return l.made(netip.AddrPortFrom(netip.AddrFrom4(bound.Addr), uint16(bound.Port)))
}

func (l *stressLoopback) silent() netip.AddrPort { return l.made(silent(l.t).addr) }

func (l *stressLoopback) late(h iscsitest.Handler) (netip.AddrPort, func()) {
	s := silent(l.t)
	fd, err := syscall.Dup(s.fd)
	if err != nil {
		l.t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	ln, err := net.FileListener(f)
	if err != nil {
		l.t.Fatal(err)
	}
	late := &lateListener{Listener: ln, begun: make(chan struct{})}
	iscsitest.ListenWith(l.t, late, h)
	return l.made(s.addr), func() { time.AfterFunc(rand.N(20*time.Millisecond), late.begin) }
}

// A lateListener accepts nothing before it has begun, and never what fills its queue.
type lateListener struct {
	net.Listener
	begun chan struct{}
	once  sync.Once
}

func (l *lateListener) begin() { l.once.Do(func() { close(l.begun) }) }

func (l *lateListener) Accept() (net.Conn, error) {
	<-l.begun
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if from := c.RemoteAddr().(*net.TCPAddr); !from.IP.Equal(net.IPv4(127, 0, 0, 9)) {
			return c, nil
		}
		_ = c.Close()
	}
}

func (l *lateListener) Close() error {
	defer l.begin()
	return l.Listener.Close()
}
