package iscsitest

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A host serves the connections to one address: the first by the first handler,
// the next by the second, and so on; the last handler serves the rest.
type host struct {
	tb       testing.TB
	handlers []Handler
	running  sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns []*Conn
}

// A Session is what one connection brought.
type Session struct {
	Peer     netip.AddrPort // where the initiator came from
	Requests []pdu.PDU      // in order
}

// serve starts a handler on nc. What goes wrong fails the test.
func (h *host) serve(nc net.Conn) {
	c := newConn(nc)
	h.mu.Lock()
	handler := h.handlers[min(len(h.conns), len(h.handlers)-1)]
	h.conns = append(h.conns, c)
	h.mu.Unlock()
	h.running.Go(func() {
		if err := c.serve(handler); err != nil {
			h.tb.Errorf("the target's side of %v: %v", nc.RemoteAddr(), err)
		}
	})
}

// wait lets the connections end by themselves until a deadline.
func (h *host) wait(deadline time.Time) {
	h.mu.Lock()
	for _, c := range h.conns {
		c.nc.SetDeadline(deadline)
	}
	h.mu.Unlock()
	h.running.Wait()
}

// sessions returns the connections so far, in the order in which they came.
func (h *host) sessions() []Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []Session
	for _, c := range h.conns {
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
