package api

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/journal"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/serve"
)

// A pipes is a listener in memory: its connections buffer nothing, so a client that does
// not read stops the server at once.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.closed); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9876} }

// dial returns a client's end of a new connection.
func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.accept <- server
	return client
}

// A world is a journal with a server on it.
type world struct {
	*pipes
	journal *journal.Journal
	events  *Events
	server  *http.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{pipes: &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}, journal: new(journal.Journal)}
	w.events = NewEvents(w.journal, "RUN1")
	w.server = &http.Server{Handler: serve.Guard(serve.NewHosts(), w.events), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = w.server.Serve(w.pipes) }()
	return w
}

// client returns a client whose connections are to the server.
func (w *world) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return w.dial(), nil },
	}}
}
