package initiator

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// Descriptors are the files that the connections of a run take of what the
// process, or the system, may open. Where there are no more, a portal waits until
// one of those under way is done, so the run goes on with as many at once as it
// can have.
type descriptors struct {
	mu      sync.Mutex // guards the following
	used    int        // connections that are there or being made
	given   int        // back, ever
	waiting int
	free    chan struct{} // a word to each who waits, when one was given back
}

// take counts a connection that is about to be made, and returns how many were
// given back so far.
func (d *descriptors) take() (given int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used++
	return d.given
}

// leave gives one back.
func (d *descriptors) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used--
	d.given++
	d.wake()
}

// wake tells one who waits to try again.
func (d *descriptors) wake() {
	if d.waiting > 0 {
		d.waiting--
		d.free <- struct{}{}
	}
}

// exchange gives the count of one back that was not to be had, waits until there
// is one, and takes that. It is false where nobody has any to give back, or ctx
// ends. given is what take returned: what was given back since then may be had.
func (d *descriptors) exchange(ctx context.Context, given *int) bool {
	d.mu.Lock()
	if d.given != *given {
		*given = d.given
		d.mu.Unlock()
		return true
	}
	if d.used--; d.used == 0 {
		d.wake() // to find out the same
		d.mu.Unlock()
		return false
	}
	d.waiting++
	d.mu.Unlock()
	select {
	case <-d.free:
		*given = d.take()
		return true
	case <-ctx.Done():
		return false
	}
}

// connectPatiently is dial for when there may be too few descriptors. The time that
// it waits for one is not the portal's. A connection that it returns is given back
// by hangUp.
func (a *attempt) connectPatiently(ctx context.Context, from ports.Port, dst netip.AddrPort) (net.Conn, error) {
	d := &a.pool.descriptors
	given := d.take()
	for {
		nc, err := a.dial(ctx, from, dst)
		switch {
		case err == nil:
			return nc, nil
		case !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE):
			d.leave()
			return nil, err
		}
		a.clock.pause()
		again := d.exchange(a.pool.ctx, &given)
		a.clock.resume()
		if !again {
			return nil, err
		}
	}
}

// hangUp closes a connection; plain is one of connectPatiently.
func (a *attempt) hangUp(nc net.Conn, plain bool) {
	_ = nc.Close()
	if plain {
		a.pool.descriptors.leave()
	}
}
