package strongswan

import (
	"sync"
	"time"
)

// How long charon is left alone that gave no answer: twice as long each time.
const (
	hungFirst = 15 * time.Second
	hungLast  = 4 * time.Minute
)

// A breaker keeps a charon that gave no answer from being asked by each portal:
// it costs its time once. It is safe for concurrent use; the zero value is ready
// to use.
type breaker struct {
	mu    sync.Mutex    // guards the following
	err   error         // nil: charon answers
	until time.Time     // when it is asked again
	pause time.Duration // that was made before that
	again bool          // one caller is asking it again
}

// check returns why charon is not asked; nil: it is. When the pause is over, one
// caller finds out whether it answers again.
func (b *breaker) check(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		return nil
	}
	if now.Before(b.until) {
		return b.err
	}
	b.again, b.until = true, now.Add(b.pause) // if that caller should never tell
	return nil
}

// trip notes that charon gave no answer, and reports whether that is news.
func (b *breaker) trip(now time.Time, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.err == nil
	switch {
	case first:
		b.pause = hungFirst
	case !b.again:
		return false // asked before the others knew
	default:
		b.pause = min(2*b.pause, hungLast)
	}
	b.err, b.until, b.again = err, now.Add(b.pause), false
	return first
}

// answered notes that charon gave an answer.
func (b *breaker) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err, b.again = nil, false
}
