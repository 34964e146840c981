package iscsitest

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
)

// Pipe serves one connection in memory and returns the initiator's end of it.
// At the end of the test it is closed, and what went wrong fails the test. It
// may be used within a testing/synctest bubble.
func Pipe(tb testing.TB, h Handler) net.Conn {
	tb.Helper()
	initiator, target := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(atOnce(target), h) }()
	tb.Cleanup(func() {
		initiator.Close()
		if err := <-done; err != nil {
			tb.Errorf("the target's side: %v", err)
		}
	})
	return initiator
}

// patience is how long an initiator may take to close its connections at the
// end of a test.
const patience = 5 * time.Second

// A Server serves connections on a loopback address.
type Server struct {
	Addr netip.AddrPort

	host     host
	ln       net.Listener
	accepted sync.WaitGroup
}

// Listen serves connections on a free port of 127.0.0.1 until the test ends:
// the first by the first handler, the next by the second, and so on; the last
// handler serves the rest. What goes wrong fails the test, and so does a
// connection that the initiator leaves open.
func Listen(tb testing.TB, handlers ...Handler) *Server {
	tb.Helper()
	return ListenOn(tb, netip.AddrFrom4([4]byte{127, 0, 0, 1}), handlers...)
}

// ListenOn is Listen on another address, such as ::1. Where this host has
// none, need.Missing decides.
func ListenOn(tb testing.TB, addr netip.Addr, handlers ...Handler) *Server {
	tb.Helper()
	ln, err := net.Listen("tcp", netip.AddrPortFrom(addr, 0).String())
	if err != nil {
		need.Missing(tb, "the address "+addr.String()+" ("+err.Error()+")", "see ip address show dev lo")
	}
	return ListenWith(tb, ln, handlers...)
}

// ListenWith is Listen with a listener that the caller made, such as one in
// another network namespace. It is closed at the end of the test.
func ListenWith(tb testing.TB, ln net.Listener, handlers ...Handler) *Server {
	tb.Helper()
	s := &Server{Addr: addrPort(ln.Addr()), ln: ln, host: host{tb: tb, handlers: handlers}}
	s.accepted.Go(s.accept)
	tb.Cleanup(s.close)
	return s
}

func (s *Server) accept() {
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.host.serve(nc)
	}
}

func (s *Server) close() {
	s.ln.Close()
	s.accepted.Wait()
	s.host.wait(time.Now().Add(patience))
}

// Sessions returns the connections so far, in the order in which they came.
func (s *Server) Sessions() []Session { return s.host.sessions() }
