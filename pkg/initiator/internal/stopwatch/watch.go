// Package stopwatch bounds the time of a piece of work: a context that ends when the
// time is used up, which can be paused while the work waits for others, and which makes
// what blocks on a connection fail at its end.
package stopwatch

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
)

// A Watch measures the time that a piece of work may take. One goroutine uses it, for
// one piece of work after the other, until the time of one is used up; only Abort may be
// called by others.
type Watch struct {
	Ctx    context.Context // of the work; ends when the time is used up
	cancel context.CancelCauseFunc
	unbind func() bool
	late   func(limit time.Duration) error
	timer  *time.Timer
	limit  time.Duration
	left   time.Duration
	since  time.Time    // when it was started or resumed
	part   part         // of the work that has a limit of its own
	bound  atomic.Int64 // the limit that the timer is for

	mu      sync.Mutex // guards the following
	work    int        // counts the beginnings and the ends of pieces of work
	over    bool
	watched dial.Deadliner // what is waited for on it fails once it is over
}

// A part of the work has a limit of its own.
type part struct {
	limit time.Duration // 0: there is no such part under way
	left  time.Duration
}

// New returns a Watch within parent. A context whose time is used up ends with the
// error that late makes of the limit.
func New(parent context.Context, late func(limit time.Duration) error) *Watch {
	ctx, cancel := context.WithCancelCause(parent)
	w := &Watch{Ctx: ctx, cancel: cancel, late: late}
	w.unbind = context.AfterFunc(ctx, w.cut)
	return w
}

// Start gives the next piece of work its time.
func (w *Watch) Start(limit time.Duration) {
	w.turn()
	w.limit, w.left, w.since = limit, limit, time.Now()
	w.part = part{}
	w.bound.Store(int64(limit))
	if w.timer != nil {
		w.timer.Reset(limit)
		return
	}
	w.timer = time.AfterFunc(limit, func() { w.cancel(w.late(time.Duration(w.bound.Load()))) })
}

// Within begins a part of the work that may take no more time than limit; 0: than the
// whole. It ends the part before.
func (w *Watch) Within(limit time.Duration) {
	if limit == 0 && w.part.limit == 0 {
		return
	}
	w.count()
	w.since = time.Now()
	w.part = part{limit: limit, left: limit}
	w.set()
}

// Left returns how much time the work under way has, and the limit that this is left of.
func (w *Watch) Left() (left, limit time.Duration) {
	left, limit = w.left, w.limit
	if w.part.limit > 0 && w.part.left < left {
		left, limit = w.part.left, w.part.limit
	}
	return left - time.Since(w.since), limit
}

// count takes the time since w was started or resumed off what is left.
func (w *Watch) count() {
	used := time.Since(w.since)
	w.left -= used
	w.part.left -= used
}

// set sets the timer to what is left.
func (w *Watch) set() {
	left, limit := w.left, w.limit
	if w.part.limit > 0 && w.part.left < left {
		left, limit = w.part.left, w.part.limit
	}
	w.bound.Store(int64(limit))
	w.timer.Reset(max(left, 0))
}

// Pause stops the clock.
func (w *Watch) Pause() {
	w.timer.Stop()
	w.count()
}

// Resume starts it again.
func (w *Watch) Resume() {
	w.since = time.Now()
	w.set()
}

// AtMost leaves the work no more time than that.
func (w *Watch) AtMost(limit time.Duration) {
	if left := w.left - time.Since(w.since); limit < left {
		w.timer.Reset(limit)
	}
}

// Used returns how much of it was spent.
func (w *Watch) Used() time.Duration { return w.limit - w.left + time.Since(w.since) }

// Guard makes what is waited for on d fail once the time is over; nil ends that.
func (w *Watch) Guard(d dial.Deadliner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watched = d
	w.expire()
}

// cut is called when the time is over.
func (w *Watch) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.expire()
}

func (w *Watch) expire() {
	if w.over && w.watched != nil {
		_ = w.watched.SetDeadline(time.Unix(1, 0))
	}
}

// turn says that a piece of work begins or ends, so that abort does not meet another.
func (w *Watch) turn() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.work++
}

// Current returns what abort needs to know of the work under way.
func (w *Watch) Current() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.work
}

// Abort ends a piece of work with an error, unless it is over. Any goroutine may call
// it.
func (w *Watch) Abort(work int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.work == work {
		w.cancel(err)
	}
}

// Stop ends the work, and reports whether the time can serve another.
func (w *Watch) Stop() bool {
	w.turn()
	return w.timer.Stop() && w.Ctx.Err() == nil
}

// End ends the time; nil has none.
func (w *Watch) End() {
	if w == nil {
		return
	}
	w.unbind()
	w.timer.Stop()
	w.cancel(nil)
}
