package initiator

import (
	"context"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
)

// A budget is the time that a piece of work may take: a context that ends when
// it is used up, and what is done on a connection with it. It can be paused, for
// time that the work does not spend itself. It is used by one goroutine, for one
// piece of work after the other as long as it was not used up.
type budget struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	unbind func() bool
	timer  *time.Timer
	limit  time.Duration
	left   time.Duration
	since  time.Time // when it was started or resumed

	mu      sync.Mutex // guards the following
	work    int        // counts the beginnings and the ends of pieces of work
	over    bool
	watched dial.Deadliner // what is waited for on it fails once it is over
}

// newBudget returns a budget within parent.
func newBudget(parent context.Context) *budget {
	ctx, cancel := context.WithCancelCause(parent)
	b := &budget{ctx: ctx, cancel: cancel}
	b.unbind = context.AfterFunc(ctx, b.cut)
	return b
}

// start gives the next piece of work its time.
func (b *budget) start(limit time.Duration) {
	b.turn()
	b.limit, b.left, b.since = limit, limit, time.Now()
	if b.timer != nil {
		b.timer.Reset(limit)
		return
	}
	b.timer = time.AfterFunc(limit, func() { b.cancel(&TimeoutError{Limit: b.limit}) })
}

// pause stops the clock.
func (b *budget) pause() {
	b.timer.Stop()
	b.left -= time.Since(b.since)
}

// resume starts it again.
func (b *budget) resume() {
	b.since = time.Now()
	b.timer.Reset(max(b.left, 0))
}

// atMost leaves the work no more time than that.
func (b *budget) atMost(limit time.Duration) {
	if left := b.left - time.Since(b.since); limit < left {
		b.timer.Reset(limit)
	}
}

// used returns how much of it was spent.
func (b *budget) used() time.Duration { return b.limit - b.left + time.Since(b.since) }

// watch makes what is waited for on d fail once the budget is over; nil ends that.
func (b *budget) watch(d dial.Deadliner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watched = d
	b.expire()
}

// cut is called when the budget is over.
func (b *budget) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	b.expire()
}

func (b *budget) expire() {
	if b.over && b.watched != nil {
		_ = b.watched.SetDeadline(time.Unix(1, 0))
	}
}

// turn says that a piece of work begins or ends, so that abort does not meet another.
func (b *budget) turn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.work++
}

// current returns what abort needs to know of the work under way.
func (b *budget) current() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.work
}

// abort ends a piece of work with an error, unless it is over. Any goroutine may call
// it.
func (b *budget) abort(work int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.work == work {
		b.cancel(err)
	}
}

// stop ends the work, and reports whether the budget can serve another.
func (b *budget) stop() bool {
	b.turn()
	return b.timer.Stop() && b.ctx.Err() == nil
}

// end ends the budget; nil has none.
func (b *budget) end() {
	if b == nil {
		return
	}
	b.unbind()
	b.timer.Stop()
	b.cancel(nil)
}
