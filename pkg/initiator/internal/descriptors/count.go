// Package descriptors lets connections wait where a process may open no more files.
package descriptors

import (
	"context"
	"sync"
)

// A Count counts the file descriptors that the connections of a run have. Where
// the process, or the system, may open no more, a portal waits until another one of the
// run closes its connection, so the run goes on with as many at once as it can have.
type Count struct {
	mu      sync.Mutex // guards the following
	used    int        // connections that are there or being made
	given   int        // connections closed so far
	waiting int
	free    chan struct{} // a value for each dial that waits, when a connection was closed
}

// New returns a count for so many connections at once.
func New(connections int) *Count {
	return &Count{free: make(chan struct{}, connections)}
}

// Take counts a connection that is about to be made, and returns how many were closed
// so far.
func (d *Count) Take() (given int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used++
	return d.given
}

// Leave counts a connection that was closed, or was not made.
func (d *Count) Leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used--
	d.given++
	d.wake()
}

// wake lets one dial that waits try again.
func (d *Count) wake() {
	if d.waiting > 0 {
		d.waiting--
		d.free <- struct{}{}
	}
}

// WaitForClose is called when a dial failed with EMFILE or ENFILE. It waits until another
// connection of this run is closed, and reports whether the dial may be tried again:
// not where no other connection is open, or ctx ends. given is what take returned; where
// a connection was closed since then, it does not wait. A value of interrupt ends the
// wait, too: interrupted says so, and the connection is not counted any more.
func (d *Count) WaitForClose(ctx context.Context, given *int, interrupt <-chan struct{}) (again, interrupted bool) {
	d.mu.Lock()
	if d.given != *given {
		*given = d.given
		d.mu.Unlock()
		return true, false
	}
	if d.used--; d.used == 0 {
		d.wake() // another dial that waits finds no open connection either
		d.mu.Unlock()
		return false, false
	}
	d.waiting++
	d.mu.Unlock()
	select {
	case <-d.free:
		*given = d.Take()
		return true, false
	case <-interrupt:
		d.giveUp()
		return false, true
	case <-ctx.Done():
		return false, false
	}
}

// giveUp ends a wait. What would have ended it may be on its way, and is taken then.
func (d *Count) giveUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting > 0 {
		d.waiting--
		return
	}
	<-d.free
}
