package isns

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// A Client asks iSNS servers. Its fields are not changed while it is in use; its methods
// may be called from several goroutines.
type Client struct {
	// Name is our iSCSI name, the source of each request; required. A server tells only of
	// targets that share a discovery domain with it.
	Name string

	// Source is the address of this host to connect from; invalid: routing decides. Device
	// is the network interface to bind to as well, on Linux; empty: none.
	Source netip.Addr
	Device string

	// Dial connects from source, where that is valid, to a server; nil: TCP. It does not go
	// along with Device.
	Dial func(ctx context.Context, source netip.Addr, server netip.AddrPort) (net.Conn, error)

	// Register has Query register us, ask again and deregister where the server tells an
	// initiator that is not registered nothing: it writes to the server.
	Register bool

	Limits Limits

	// Wrap sees each connection before it is used, such as for a capture; nil: none does.
	Wrap func(net.Conn) net.Conn
}

// A session is a connection to a server.
type session struct {
	client *Client
	ctx    context.Context
	conn   net.Conn
	reader *Reader
	server netip.AddrPort
	id     uint16 // of the last transaction
	passed int    // notices that were passed over
	stop   func() bool
}

// open connects to a server. ctx ends the session when it ends, close too.
func (c *Client) open(ctx context.Context, server netip.AddrPort) (*session, error) {
	if _, err := name.CheckName(c.Name); err != nil {
		return nil, c.failed(server, netip.Addr{}, StageConnect, err)
	}
	conn, err := c.connect(ctx, server)
	if err != nil {
		return nil, c.failed(server, netip.Addr{}, StageConnect, cause(ctx, err))
	}
	if c.Wrap != nil {
		conn = c.Wrap(conn)
	}
	s := &session{client: c, ctx: ctx, conn: conn, reader: NewReader(conn), server: server}
	s.reader.MaxMessage = c.Limits.withDefaults().MaxMessage
	s.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return s, nil
}

// connect makes the connection.
func (c *Client) connect(ctx context.Context, server netip.AddrPort) (net.Conn, error) {
	if c.Dial != nil {
		return c.Dial(ctx, c.Source, server)
	}
	stop := func() bool { return true }
	watch := func(d dial.Deadliner) {
		stop()
		if d != nil {
			stop = context.AfterFunc(ctx, func() { _ = d.SetDeadline(time.Unix(1, 0)) })
		}
	}
	conn, _, err := dial.TCP(ctx, watch, c.Source, c.Device, server, 0)
	return conn, err
}

// close ends the session.
func (s *session) close() {
	s.stop()
	_ = s.conn.Close()
}

// source returns our address of the session.
func (s *session) source() netip.AddrPort {
	addr := dial.LocalAddr(s.conn)
	if a, ok := s.conn.LocalAddr().(*net.TCPAddr); ok && addr.IsValid() {
		return netip.AddrPortFrom(addr, uint16(a.Port))
	}
	return netip.AddrPortFrom(addr, 0)
}

// send sends a request.
func (s *session) send(b Body) error {
	s.id++
	out, err := AppendMessage(nil, b, FlagClient, s.id)
	if err == nil {
		_, err = s.conn.Write(out)
	}
	return err
}

// maxPassed is how many notices a session passes over.
const maxPassed = 100

// receive returns the response to the last request, and its status. A server may send its
// notices for a node on any connection of the node (RFC 4171, section 5.6.5.8): here nobody
// has asked for them, and they are passed over.
func (s *session) receive(f Function) (*Message, Status, error) {
	m, err := s.reader.Next()
	for err == nil && (m.Header.Function == FuncSCN || m.Header.Function == FuncESI) && s.passed < maxPassed {
		s.passed++
		m, err = s.reader.Next()
	}
	if err != nil {
		return nil, 0, unexpected(err)
	}
	switch {
	case m.Header.Function != f.Response():
		return nil, 0, m.bad("the response to %s was expected", f)
	case m.Header.TransactionID != s.id:
		return nil, 0, m.bad("it is of transaction %d, and %d was asked", m.Header.TransactionID, s.id)
	}
	status, err := m.Status()
	return m, status, err
}

// ask sends a request and takes the attributes behind the message key of the response,
// which has so many attributes.
func (s *session) ask(b Body, key []Attribute, take func(*Attribute) error) error {
	if err := s.send(b); err != nil {
		return err
	}
	m, status, err := s.receive(b.Function())
	if err != nil {
		return err
	}
	if status != StatusSuccess {
		if err := m.skip(); err != nil {
			return err
		}
		return &StatusError{Function: b.Function(), Status: status}
	}
	return operating(m, key, take)
}

// operating takes the operating attributes of a response. The message key before them is
// that of the request; a delimiter follows it. Some servers leave out either.
func operating(m *Message, key []Attribute, take func(*Attribute) error) error {
	i, begun := 0, false
	for a, err := range m.Attributes() {
		if err != nil {
			return err
		}
		if !begun {
			if i < len(key) && a.isSame(&key[i]) {
				i++
				continue
			}
			if begun = true; a.Tag == TagDelimiter {
				continue
			}
		}
		if err := take(a); err != nil {
			return err
		}
	}
	return nil
}

// cause returns why ctx ended, where it did, and err otherwise.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
