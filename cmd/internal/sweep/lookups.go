package sweep

import (
	"context"
	"net/netip"
	"sync"
)

// lookups asks for each host name once in a run. Callers that want the same name wait
// for the one lookup, each as long as its own context allows, and no
// caller waits for the lookup of another name.
type lookups struct {
	// find looks a name up. Its context belongs to no caller: it ends by limit alone, so that a
	// caller whose time is over does not spoil the answer for the others.
	find  func(ctx context.Context, host string) ([]netip.Addr, error)
	limit func(context.Context) (context.Context, context.CancelFunc)

	mu    sync.Mutex // guards known
	known map[string]*lookup
}

// A lookup is one name's. Its fields may be read once done is closed.
type lookup struct {
	done  chan struct{}
	addrs []netip.Addr
	err   error
}

// lookup returns the addresses of a name, or the cause of the end of ctx.
func (l *lookups) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	l.mu.Lock()
	k := l.known[host]
	if k == nil {
		k = &lookup{done: make(chan struct{})}
		if l.known == nil {
			l.known = make(map[string]*lookup)
		}
		l.known[host] = k
		go l.run(context.WithoutCancel(ctx), host, k)
	}
	l.mu.Unlock()
	select {
	case <-k.done:
		return k.addrs, k.err
	default:
	}
	select {
	case <-k.done:
		return k.addrs, k.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l *lookups) run(ctx context.Context, host string, k *lookup) {
	defer close(k.done)
	ctx, cancel := l.limit(ctx)
	defer cancel()
	k.addrs, k.err = l.find(ctx, host)
}
