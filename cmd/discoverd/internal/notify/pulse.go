package notify

import (
	"sync"
	"time"
)

// A Pulse tells whether the scheduler moves. The scheduler beats it with each thing that
// it does, and says by when it will do the next. The zero value has not moved yet.
type Pulse struct {
	// Next returns when the first of the attempts that are due or under way was, or is, to
	// begin; zero: there is none. Where that is longer ago than Grace, and as long no attempt
	// has ended, attempts hang, though the list of portals may still be read. Nil: attempts
	// do not count.
	Next  func() time.Time
	Grace time.Duration // longer than any attempt takes

	mu    sync.Mutex // guards the following
	due   time.Time  // of the next beat; zero: there was none
	ended time.Time  // the last attempt
}

// Attempted notes that an attempt has ended.
func (p *Pulse) Attempted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = time.Now()
}

// hangs reports that attempts are overdue and none ends. The caller has p.mu.
func (p *Pulse) hangs(now time.Time) bool {
	if p.Next == nil || now.Sub(p.ended) <= p.Grace {
		return false
	}
	next := p.Next()
	return !next.IsZero() && now.Sub(next) > p.Grace
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

// Moves reports that the next beat is not overdue, and that attempts do not hang.
func (p *Pulse) Moves() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	return now.Before(p.due) && !p.hangs(now)
}
