package userspace

import (
	"context"
	"net/netip"
)

// A pair is the two ends of IPsec.
type pair struct{ source, peer netip.Addr }

// isWide reports whether the peer is known to agree on wide selectors only.
func (e *Enforcer) isWide(p pair) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.wide[p]
}

// setWide notes that the peer agrees on wide selectors only.
func (e *Enforcer) setWide(p pair) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.wide == nil {
		e.wide = map[pair]bool{}
	}
	e.wide[p] = true
}

// enter waits until no connection with wide selectors uses the pair; the function that it
// returns frees it. Without wait it does not wait, and ok is false.
func (e *Enforcer) enter(ctx context.Context, p pair, wait bool) (leave func(), ok bool, err error) {
	for {
		e.mu.Lock()
		busy := e.inUse[p]
		if busy == nil {
			if e.inUse == nil {
				e.inUse = map[pair]chan struct{}{}
			}
			free := make(chan struct{})
			e.inUse[p] = free
			e.mu.Unlock()
			return func() { e.leave(p, free) }, true, nil
		}
		e.mu.Unlock()
		if !wait {
			return nil, false, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

func (e *Enforcer) leave(p pair, free chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.inUse, p)
	close(free)
}
