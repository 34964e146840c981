package netstack

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
)

// A wire carries packets between a connection and the far side in memory, in order.
type wire struct {
	drop func(toFar bool, p []byte) bool // nil: nothing is dropped

	mu     sync.Mutex
	queues [2]chan []byte // guarded by mu: to the near side, to the far side
	sent   [][]byte       // guarded by mu: what the near side sent
	work   sync.WaitGroup
}

// An end is one of the two of a wire, as Packets.
type end struct {
	w   *wire
	far bool
}

func (e end) Send(p []byte) error {
	p = append([]byte(nil), p...)
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	if !e.far {
		e.w.sent = append(e.w.sent, p)
	}
	if e.w.drop != nil && e.w.drop(!e.far, p) {
		return nil
	}
	select {
	case e.w.queues[number(!e.far)] <- p:
	default: // full, or no end
	}
	return nil
}

func number(far bool) int {
	if far {
		return 1
	}
	return 0
}

func (e end) Receive(f func([]byte)) {
	queue := make(chan []byte, 4096)
	e.w.mu.Lock()
	defer e.w.mu.Unlock()
	e.w.queues[number(e.far)] = queue
	e.w.work.Go(func() {
		for p := range queue {
			f(p)
		}
	})
}

// cut ends the wire.
func (w *wire) cut() {
	w.mu.Lock()
	for i, q := range w.queues {
		if q != nil {
			close(q)
			w.queues[i] = nil
		}
	}
	w.mu.Unlock()
	w.work.Wait()
}

var (
	near4, far4 = netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("192.0.2.10:3260")
	near6, far6 = netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::10]:3260")
)

// newFar has a stack of its own at the far side, where serve, if it is not nil, takes a
// connection.
func newFar(t *testing.T, w *wire, near, far netip.AddrPort, serve func(net.Conn)) {
	t.Helper()
	s, err := newStack(&link{packets: end{w, true}, out: Flow{From: far, To: near}, mtu: 1280}, far.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Destroy()
		w.cut()
	})
	if serve == nil {
		return
	}
	protocol, _ := family(far.Addr())
	l, err := gonet.ListenTCP(s, full(far), protocol)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		serve(nc)
	})
	t.Cleanup(func() {
		l.Shutdown()
		serving.Wait()
		_ = l.Close()
	})
}

// echo sends back what it reads.
func echo(nc net.Conn) { _, _ = io.Copy(nc, nc) }

// untilClosed reads to the end.
func untilClosed(nc net.Conn) { _, _ = io.Copy(io.Discard, nc) }

var errLost = errors.New("the security associations are gone")
