package strongswan

import (
	"context"
	"net/netip"
	"sync"
)

// A pair is a connection as the peer's selectors tell it apart: the local port is
// not among them.
type pair struct {
	source netip.Addr
	portal netip.AddrPort
}

// pairs let one protected connection of this process at a time have the same
// selectors. With two, the peer would answer both under the associations of the
// newer one, and the hold of the older one would not let the answers in.
type pairs struct {
	mu   sync.Mutex
	busy map[pair]chan struct{} // guarded by mu; closed when the pair is free
}

// enter waits for the pair; the function that it returns frees it.
func (p *pairs) enter(ctx context.Context, source netip.Addr, portal netip.AddrPort) (leave func(), err error) {
	k := pair{source, portal}
	for {
		p.mu.Lock()
		busy, ok := p.busy[k]
		if !ok {
			if p.busy == nil {
				p.busy = map[pair]chan struct{}{}
			}
			p.busy[k] = make(chan struct{})
			p.mu.Unlock()
			return func() { p.leave(k) }, nil
		}
		p.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (p *pairs) leave(k pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.busy[k])
	delete(p.busy, k)
}
