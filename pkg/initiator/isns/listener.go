package isns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// Bounds of what a Listener takes.
const (
	maxNotice   = 64 << 10               // bytes of payload of one message
	noticeIdle  = 30 * time.Second       // for one message; then its connection is closed
	noticePace  = 10 * time.Millisecond  // between two messages of one connection
	acceptPause = 500 * time.Millisecond // after a connection that could not be accepted
)

// A Listener takes notices of change and inquiries (SCN and ESI) at one address of ours.
// It takes connections only from the addresses of servers at which a Subscription is
// registered, one at a time from each; a new one ends the one before. Nothing of a notice
// is believed: it says that its server is to be asked.
type Listener struct {
	ln net.Listener
	at netip.AddrPort

	mu      sync.Mutex // guards the following
	members map[*membership]bool
	inbound map[netip.Addr]net.Conn // by server
	refused uint64
}

// Listen returns a Listener at an address of this host; port 0: any. The address is told
// to servers, so it is no wildcard and has no zone.
func Listen(ctx context.Context, at netip.AddrPort) (*Listener, error) {
	if err := CheckListen(at); err != nil {
		return nil, err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", at.String())
	if err != nil {
		return nil, fmt.Errorf("listen for iSNS notices at %s: %w; give an address of this host with a TCP port that is free", at, err)
	}
	bound := at
	if a, ok := ln.Addr().(*net.TCPAddr); ok {
		bound = netip.AddrPortFrom(at.Addr(), uint16(a.Port))
	}
	return &Listener{ln: ln, at: bound, members: make(map[*membership]bool), inbound: make(map[netip.Addr]net.Conn)}, nil
}

// CheckListen refuses an address that cannot be told to a server.
func CheckListen(at netip.AddrPort) error {
	reason := ""
	switch a := at.Addr(); {
	case !a.IsValid():
		reason = "it is no IP address"
	case a.IsUnspecified():
		reason = "it is no address that a server could send notices to: give one address of this host"
	case a.IsMulticast(), a.Zone() != "", a.Is4In6():
		reason = "a server can send notices only to a unicast address without a zone"
	}
	if reason != "" {
		return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "address for iSNS notices", Reason: reason}
	}
	return nil
}

// Addr returns the address and the TCP port where the Listener is.
func (l *Listener) Addr() netip.AddrPort { return l.at }

// Refused returns how many connections and messages were refused: of hosts that are no
// server of ours, or of servers that sent what was not asked for.
func (l *Listener) Refused() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// Serve takes connections until ctx ends, and closes the Listener then. No goroutine of it
// stays behind.
func (l *Listener) Serve(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { _ = l.ln.Close() })()
	defer l.ln.Close()
	var under sync.WaitGroup
	defer under.Wait()
	for ctx.Err() == nil {
		conn, err := l.ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // such as no more file descriptors
			pause(ctx, acceptPause)
			continue
		}
		server := remote(conn)
		if !l.admit(server, conn) {
			_ = conn.Close()
			continue
		}
		under.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			l.converse(ctx, server, conn)
			l.dismiss(server, conn)
		})
	}
}

// remote returns the address of the other end.
func remote(c net.Conn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// admit notes the connection of a server; false: it is not one of a server of ours.
func (l *Listener) admit(server netip.Addr, conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := false
	for m := range l.members {
		known = known || m.isOf(server)
	}
	if !known {
		l.refused++
		return false
	}
	if before := l.inbound[server]; before != nil {
		_ = before.Close()
	}
	l.inbound[server] = conn
	return true
}

// dismiss closes a connection.
func (l *Listener) dismiss(server netip.Addr, conn net.Conn) {
	_ = conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inbound[server] == conn {
		delete(l.inbound, server)
	}
}

// converse answers the messages of a connection until one of them is bad.
func (l *Listener) converse(ctx context.Context, server netip.Addr, conn net.Conn) {
	r := NewReader(conn)
	r.MaxMessage = maxNotice
	for ctx.Err() == nil {
		_ = conn.SetDeadline(time.Now().Add(noticeIdle))
		m, err := r.Next()
		if err != nil {
			return
		}
		if err := l.take(m, server, conn); err != nil {
			return
		}
		pause(ctx, noticePace)
	}
}

// take answers a message of a server. The error is one that ends the connection: a message
// that nobody asked for among them.
func (l *Listener) take(m *Message, server netip.Addr, conn net.Conn) error {
	answer, notify, err := l.understand(m, server)
	if err != nil {
		l.mu.Lock()
		l.refused++
		l.mu.Unlock()
		return err
	}
	out, err := AppendMessage(nil, answer, FlagClient, m.Header.TransactionID)
	if err == nil {
		_, err = conn.Write(out)
	}
	if notify != nil {
		notify()
	}
	return err
}

// understand returns the answer to a message, and what is to be done; nil: nothing.
func (l *Listener) understand(m *Message, server netip.Addr) (answer *Response, notify func(), err error) {
	switch m.Header.Function {
	case FuncSCN:
		var n SCN
		if err := n.Decode(m); err != nil {
			return nil, nil, err
		}
		member := l.member(server, func(m *membership) bool { return m.isNode(n.Destination) })
		if member == nil {
			return nil, nil, m.bad("it is for a node that asked for none")
		}
		return &Response{To: FuncSCN, Key: []Attribute{TextAttribute(TagISCSIName, n.Destination)}}, member.noticed, nil
	case FuncESI:
		var e ESI
		if err := e.Decode(m); err != nil {
			return nil, nil, err
		}
		if e.Portal != l.at || l.member(server, func(m *membership) bool { return m.isEntity(e.EntityID) }) == nil {
			return nil, nil, m.bad("it is for a portal that is not ours")
		}
		return e.Response(), nil, nil
	}
	return nil, nil, m.bad("it is no notice")
}

// member returns the membership of a server that a message is for; nil: there is none.
func (l *Listener) member(server netip.Addr, is func(*membership) bool) *membership {
	l.mu.Lock()
	defer l.mu.Unlock()
	for m := range l.members {
		if m.isOf(server) && is(m) {
			return m
		}
	}
	return nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
