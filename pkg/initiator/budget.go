package initiator

import (
	"context"
	"time"
)

// A budget is the time that a piece of work may take: a context that ends when
// it is used up. It can be paused, for time that the work does not spend itself.
// It is used by one goroutine.
type budget struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
	left   time.Duration
	since  time.Time // when it was started or resumed
}

// newBudget starts a budget.
func newBudget(parent context.Context, limit time.Duration) *budget {
	ctx, cancel := context.WithCancelCause(parent)
	b := &budget{ctx: ctx, cancel: cancel, limit: limit, left: limit, since: time.Now()}
	b.timer = time.AfterFunc(limit, func() { cancel(&TimeoutError{Limit: limit}) })
	return b
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

// used returns how much of it was spent.
func (b *budget) used() time.Duration { return b.limit - b.left + time.Since(b.since) }

// stop ends the budget.
func (b *budget) stop() {
	b.timer.Stop()
	b.cancel(nil)
}
