package iscsitest

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// patience is how long an initiator may take to close its connections at the
// end of a test.
const patience = 5 * time.Second

// Pipe serves one connection in memory and returns the initiator's end of it.
// At the end of the test it is closed, and what went wrong fails the test. It
// may be used within a testing/synctest bubble.
func Pipe(tb testing.TB, h Handler) net.Conn {
	tb.Helper()
	initiator, target := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(target, h) }()
	tb.Cleanup(func() {
		initiator.Close()
		if err := <-done; err != nil {
			tb.Errorf("the target's side: %v", err)
		}
	})
	return initiator
}

// A Server serves connections on a loopback address.
type Server struct {
	Addr netip.AddrPort

	tb       testing.TB
	ln       net.Listener
	handlers []Handler
	accepts  sync.WaitGroup
	serves   sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns []*Conn
}

// A Session is what one connection to a Server brought.
type Session struct {
	Peer     netip.AddrPort // where the initiator came from
	Requests []pdu.PDU      // in order
}

// Listen serves connections on a free port of 127.0.0.1 until the test ends:
// the first by the first handler, the next by the second, and so on; the last
// handler serves the rest. What goes wrong fails the test, and so does a
// connection that the initiator leaves open.
func Listen(tb testing.TB, handlers ...Handler) *Server {
	tb.Helper()
	return ListenOn(tb, netip.AddrFrom4([4]byte{127, 0, 0, 1}), handlers...)
}

// ListenOn is Listen on another address, such as ::1. The test is skipped where
// this host has none.
func ListenOn(tb testing.TB, addr netip.Addr, handlers ...Handler) *Server {
	tb.Helper()
	ln, err := net.Listen("tcp", netip.AddrPortFrom(addr, 0).String())
	if err != nil {
		tb.Skipf("iscsitest: %v", err)
	}
	s := &Server{Addr: addrPort(ln.Addr()), tb: tb, ln: ln, handlers: handlers}
	s.accepts.Go(s.accept)
	tb.Cleanup(s.close)
	return s
}

func (s *Server) accept() {
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			return
		}
		c := newConn(nc)
		s.mu.Lock()
		h := s.handlers[min(len(s.conns), len(s.handlers)-1)]
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.serves.Go(func() {
			if err := c.serve(h); err != nil {
				s.tb.Errorf("the target's side of %v: %v", nc.RemoteAddr(), err)
			}
		})
	}
}

// close lets the connections end by themselves for a while.
func (s *Server) close() {
	s.ln.Close()
	s.accepts.Wait()
	s.mu.Lock()
	for _, c := range s.conns {
		c.nc.SetDeadline(time.Now().Add(patience))
	}
	s.mu.Unlock()
	s.serves.Wait()
}

// Sessions returns the connections so far, in the order in which they came.
func (s *Server) Sessions() []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Session
	for _, c := range s.conns {
		all = append(all, Session{Peer: addrPort(c.nc.RemoteAddr()), Requests: c.Requests()})
	}
	return all
}

// Key returns the value of a key as the initiator sent it.
func (s Session) Key(key string) (value string, ok bool) {
	var text pdu.Text
	for _, p := range s.Requests {
		switch m := p.(type) {
		case *pdu.LoginRequest:
			text = append(text, m.Data...)
		case *pdu.TextRequest:
			text = append(text, m.Data...)
		}
	}
	for p, err := range text.Pairs() {
		if err == nil && string(p.Key) == key {
			return string(p.Value), true
		}
	}
	return "", false
}

func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	if tcp, ok := a.(*net.TCPAddr); ok {
		ap = tcp.AddrPort()
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
