package strongswan

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// A pair is a connection as the peer's selectors tell it apart: the local port is
// not among them.
type pair struct {
	source netip.Addr
	portal netip.AddrPort
}

// pairs let one protected connection of this process at a time have the same
// selectors. With two, the peer would answer both under the associations of the
// newer one, and the hold of the older one would not let the answers in. Other
// processes have their turn, too: see rivals.
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

// waitEvery is how often it is looked whether another process is done.
const waitEvery = 100 * time.Millisecond

// errYield ends setting up a connection where another process goes first.
var errYield = errors.New("another process goes first")

// rivals returns the names of connections of other processes that have the
// selectors of c. Charon is all that the processes have in common, and has no
// locks. So each first waits until there is no rival, and looks again when it has
// loaded its connection, and once more when that has keys: of two that both went
// on, the one of the lower name stays.
//
// What an owner left that cannot be seen from here is no rival: it might never be
// taken away.
func (c *connection) rivals(ctx context.Context, d *daemon) (names []string, err error) {
	us := ourselves()
	err = d.connections(ctx, func(name string, s vici.Section) error {
		o, ours := ownerOf(name)
		if !ours || o.process == us || o.state() != ownerAlive || !among(c.source, s.List("local_addrs")) {
			return nil
		}
		for _, child := range s.Sub("children").Subs() {
			if selects(child.List("remote-ts"), nil, c.portal) {
				names = append(names, name)
				break
			}
		}
		return nil
	})
	return names, err
}

// wait waits until there is no rival.
func (c *connection) wait(ctx context.Context, d *daemon) error {
	for before := ""; ; {
		names, err := c.rivals(ctx, d)
		if len(names) > 0 {
			before = names[0]
		}
		switch {
		case ctx.Err() != nil && before != "":
			return &enforce.NegotiationError{Peer: c.peer.String(), Reason: "another process has a connection to the portal (" + before + ")", Err: context.Cause(ctx)}
		case err != nil || len(names) == 0:
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(waitEvery):
		}
	}
}

// yield returns errYield where a rival goes first: by its name, or because it has
// begun and c has not.
func (c *connection) yield(ctx context.Context, d *daemon, begun bool) error {
	names, err := c.rivals(ctx, d)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name < c.name {
			return errYield
		}
		if begun {
			continue
		}
		up, err := d.up(ctx, name)
		if err != nil {
			return err
		}
		if up {
			return errYield
		}
	}
	return nil
}
