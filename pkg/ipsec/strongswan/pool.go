package strongswan

import (
	"context"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// maxConns is how many connections with charon there are at a time. Each command
// takes one of charon's 16 threads for as long as it runs, and maxNegotiations of
// these connections may be taken by commands that run for long.
const maxConns = maxNegotiations + 4

// idleFor is how long a connection waits for another command before it is closed.
const idleFor = time.Second

// A pool has the connections with charon. A connection serves one command after
// the other: charon lets three connections wait to be accepted, and one for each
// command of many portals would be too many for it.
type pool struct {
	socket string
	slots  chan struct{} // one taken for each connection that is in use

	mu     sync.Mutex
	idle   []*vici.Conn // guarded by mu
	closer *time.Timer  // guarded by mu; closes what is idle
}

func newPool(socket string) *pool {
	return &pool{socket: socket, slots: make(chan struct{}, maxConns)}
}

// get returns a connection: an idle one, or else a new one.
func (p *pool) get(ctx context.Context) (*vici.Conn, error) {
	for {
		conn := p.pop()
		if conn == nil {
			return vici.Dial(ctx, p.socket)
		}
		if conn.Usable() {
			return conn, nil
		}
		conn.Close()
	}
}

// put takes a connection back.
func (p *pool) put(conn *vici.Conn) {
	if !conn.Usable() {
		conn.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, conn)
	if p.closer == nil {
		p.closer = time.AfterFunc(idleFor, p.closeIdle)
	} else {
		p.closer.Reset(idleFor)
	}
}

func (p *pool) pop() *vici.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	conn := p.idle[last]
	p.idle = p.idle[:last]
	return conn
}

func (p *pool) closeIdle() {
	for conn := p.pop(); conn != nil; conn = p.pop() {
		conn.Close()
	}
}
