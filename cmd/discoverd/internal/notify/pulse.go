package notify

import (
	"sync"
	"time"
)

// A Pulse tells whether the scheduler moves. The scheduler beats it with each thing that
// it does, and says by when it will do the next. The zero value has not moved yet.
type Pulse struct {
	mu  sync.Mutex // guards the following
	due time.Time  // of the next beat; zero: there was none
}

// Beat notes that the scheduler moved, and that it moves again within some time. A later
// promise stays: an attempt of an entry says nothing of the others.
func (p *Pulse) Beat(within time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if due := time.Now().Add(within); due.After(p.due) {
		p.due = due
	}
}

// Moves reports that the next beat is not overdue.
func (p *Pulse) Moves() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.due)
}
