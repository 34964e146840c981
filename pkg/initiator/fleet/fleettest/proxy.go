package fleettest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A Proxy is the way of a client to a server of etcd, which a test can cut.
type Proxy struct {
	Address string // for the client
	listen  net.Listener

	mu    sync.Mutex
	to    string            // guarded by mu; the server; empty: the way is cut
	conns map[net.Conn]bool // guarded by mu
}

// NewProxy returns a way to a server, until the test ends.
func NewProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: l.Addr().String(), listen: l, to: server, conns: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() { p.serve(&running) })
	t.Cleanup(func() {
		l.Close()
		p.Cut()
		running.Wait()
	})
	return p
}

// Cut ends all connections and lets none through.
func (p *Proxy) Cut() { p.Lead("") }

// Lead ends all connections and leads new ones to a server; none where it is empty.
func (p *Proxy) Lead(server string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = server
	for c := range p.conns {
		c.Close()
	}
}

func (p *Proxy) serve(running *sync.WaitGroup) {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		running.Go(func() { p.pass(client) })
	}
}

// pass copies between a client and the server until one of the two ends.
func (p *Proxy) pass(client net.Conn) {
	defer client.Close()
	p.mu.Lock()
	to := p.to
	p.mu.Unlock()
	if to == "" {
		return
	}
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	if p.to != to {
		p.mu.Unlock()
		return
	}
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, client)
		delete(p.conns, server)
		p.mu.Unlock()
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(server, client)
		server.Close()
	}()
	_, _ = io.Copy(client, server)
	client.Close()
	server.Close()
	<-done
}
