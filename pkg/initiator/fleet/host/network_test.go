package host_test

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// A network is a way to a server that can be cut.
type network struct {
	dial func(context.Context, string) (net.Conn, error)

	mu    sync.Mutex // guards the following
	isCut bool
	conns []net.Conn
}

func (n *network) DialContext(ctx context.Context, address string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.isCut {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("network is unreachable")}
	}
	c, err := n.dial(ctx, address)
	if err == nil {
		n.conns = append(n.conns, c)
	}
	return c, err
}

// cut ends all connections, and refuses others.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.isCut = true
	for _, c := range n.conns {
		c.Close()
	}
	n.conns = nil
}

func (n *network) heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.isCut = false
}
