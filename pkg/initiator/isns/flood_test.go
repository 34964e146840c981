package isns

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A pipeListener accepts connections in memory, all from one address.
type pipeListener struct {
	from  netip.AddrPort
	conns chan net.Conn
	close sync.Once
}

func (p *pipeListener) Accept() (net.Conn, error) {
	conn, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return &fromConn{conn, p.from}, nil
}

func (p *pipeListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(p.from) }

func (p *pipeListener) Close() error {
	p.close.Do(func() { close(p.conns) })
	return nil
}

// A fromConn is a connection from an address.
type fromConn struct {
	net.Conn
	from netip.AddrPort
}

func (c *fromConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.from) }

// TestNoticeFlood: a server that sends notices as fast as it can makes no more than 100 of
// them count in a second, on one connection and on one connection for each; strangers cost
// their connection alone.
func TestNoticeFlood(t *testing.T) {
	t.Parallel()
	const many = 500
	scn, err := AppendMessage(nil, &SCN{Destination: "iqn.a:b", Time: time.Unix(1, 0)}, FlagServer, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		from        string
		connections int
		notices     int
	}{
		{"one connection", "192.0.2.1:40000", 1, many}, {"many connections", "192.0.2.1:40000", many, many}, {"a stranger", "192.0.2.2:40000", many, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ln := &pipeListener{from: netip.MustParseAddrPort(tt.from), conns: make(chan net.Conn)}
			l := &Listener{ln: ln, members: make(map[*membership]bool), inbound: make(map[netip.Addr]net.Conn)}
			notices := 0
			l.remember(&membership{
				Subscription: &Subscription{Notify: func() { notices++ }, Report: func(SubscriptionState) {}},
				node:         "iqn.a:b", servers: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
			})
			ctx, cancel := context.WithCancel(t.Context())
			var under sync.WaitGroup
			under.Go(func() { l.Serve(ctx) })
			begun := time.Now()
			for range tt.connections {
				client, server := net.Pipe()
				ln.conns <- server
				under.Go(func() { _, _ = io.Copy(io.Discard, client) })
				for range many / tt.connections {
					_, _ = client.Write(scn)
				}
				synctest.Wait()
				if tt.connections > 1 {
					time.Sleep(time.Millisecond)
				}
			}
			time.Sleep(2 * noticePace) // the last one counts
			took := time.Since(begun)
			cancel()
			under.Wait()
			if tt.notices > 0 && (notices == 0 || notices > 1+int(took/noticePace)) || tt.notices == 0 && notices > 0 {
				t.Errorf("%s: got %d notices in %v, want one in %v at most", tt.name, notices, took, noticePace)
			}
			if len(l.inbound) > 0 {
				t.Errorf("%s: %d connections are left", tt.name, len(l.inbound))
			}
		})
	}
}
