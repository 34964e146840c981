package isnstest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// A Config says how a server answers.
type Config struct {
	Database Database

	PDUSize      int  // payload of one PDU at most, in bytes; 0: isns.MaxPDUPayload
	Compatible   bool // IPv4 is written as ::a.b.c.d, as open-isns does
	NoDelimiter  bool // answers have no delimiter behind the message key
	MustRegister bool // a source that is not a node of the database is refused: source unknown

	// Spoil changes a reply before it is sent; nil: none. It is called for one request
	// after the other.
	Spoil func(q *Request, r *Reply)

	// Dial connects to clients, for notices; nil: TCP.
	Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
}

// A Server is an iSNS server. Its methods may be called from several goroutines.
type Server struct {
	Addr netip.AddrPort // that it listens on, or answers to in memory

	tb     testing.TB
	cfg    Config
	served sync.WaitGroup

	mu       sync.Mutex // guards the following
	db       Database
	notices  map[string]isns.SCNBitmap // by node, that asked for them
	requests []Request
	conns    []net.Conn
	open     int // connections that the client has not closed
	accepted int
}

// New returns a server in memory, at an address such as "192.0.2.1:3205". Its Dial reaches
// it. At the end of the test the client has to have closed its connections.
func New(tb testing.TB, addr string, cfg Config) *Server {
	tb.Helper()
	s := newServer(tb, netip.MustParseAddrPort(addr), cfg)
	tb.Cleanup(s.close)
	return s
}

func newServer(tb testing.TB, addr netip.AddrPort, cfg Config) *Server {
	return &Server{Addr: addr, tb: tb, cfg: cfg, db: cfg.Database, notices: make(map[string]isns.SCNBitmap)}
}

// Listen returns a server on a free TCP port of 127.0.0.1, until the test ends.
func Listen(tb testing.TB, cfg Config) *Server {
	tb.Helper()
	return ListenOn(tb, "127.0.0.1:0", cfg)
}

// ListenOn is Listen on another address and TCP port.
func ListenOn(tb testing.TB, addr string, cfg Config) *Server {
	tb.Helper()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	s := newServer(tb, ln.Addr().(*net.TCPAddr).AddrPort(), cfg)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			s.start(nc)
		}
	}()
	tb.Cleanup(func() {
		_ = ln.Close()
		<-done
		s.close()
	})
	return s
}

// Dial connects to a server in memory: a Client's or a Discoverer's Dial. At other
// addresses nothing listens.
func (s *Server) Dial(ctx context.Context, source netip.Addr, server netip.AddrPort) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if server != s.Addr {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(server), Err: syscall.ECONNREFUSED}
	}
	if !source.IsValid() {
		source = netip.MustParseAddr("192.0.2.254")
		if server.Addr().Is6() {
			source = netip.MustParseAddr("2001:db8::fe")
		}
	}
	s.mu.Lock()
	from := netip.AddrPortFrom(source, uint16(50000+s.accepted))
	s.mu.Unlock()
	client, own := pipe(from, s.Addr)
	s.start(own)
	return client, nil
}

// start serves a connection.
func (s *Server) start(nc net.Conn) {
	s.mu.Lock()
	s.accepted++
	s.open++
	s.conns = append(s.conns, nc)
	s.mu.Unlock()
	s.served.Go(func() {
		s.serve(nc)
		_ = nc.Close()
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	})
}

// Open returns how many connections the client has not closed yet.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Accepted returns how many connections there were.
func (s *Server) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Disconnect closes all connections, as a server does that ends. It goes on listening.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, nc := range s.conns {
		_ = nc.Close()
	}
}

// Requests returns what was asked so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Change changes the database; of what changes in it nobody hears (see Notify).
func (s *Server) Change(change func(*Database)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.db)
}

// patience is how long a client may take to close its connections at the end of a test.
const patience = 5 * time.Second

// close ends the server once the client has closed its connections.
func (s *Server) close() {
	done := make(chan struct{})
	go func() { defer close(done); s.served.Wait() }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
		s.tb.Errorf("isnstest: the client left %d connections to %s open", s.Open(), s.Addr)
	}
	s.mu.Lock()
	for _, nc := range s.conns {
		_ = nc.Close()
	}
	s.mu.Unlock()
	<-done
}

// serve answers one request after the other.
func (s *Server) serve(nc net.Conn) {
	r := isns.NewReader(nc)
	for i := 0; ; i++ {
		m, err := r.Next()
		if err != nil {
			return
		}
		q := Request{Function: m.Header.Function, ID: m.Header.TransactionID, Flags: m.Header.Flags, Index: i}
		if err := q.decode(m); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return
			}
			s.tb.Errorf("isnstest: the client sent what is no %s: %v", q.Function, err)
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, q)
		reply := s.reply(&q)
		if s.cfg.Spoil != nil {
			s.cfg.Spoil(&q, reply)
		}
		s.mu.Unlock()
		if !reply.send(nc) {
			_, _ = io.Copy(io.Discard, nc)
			return
		}
	}
}
