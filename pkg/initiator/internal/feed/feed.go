// Package feed takes requests from a caller's sequence and hands them to workers, one
// at a time and none before it can be begun.
package feed

import (
	"context"
	"iter"
	"runtime"
	"sync/atomic"
	"time"
)

// sequenceGrace is how long the end of a run waits for the caller's sequence, which
// may sleep.
const sequenceGrace = 100 * time.Millisecond

// A Feed runs the caller's sequence in a goroutine of its own, and hands its requests to
// the workers. A worker asks first, so that no request is taken from the sequence before
// it can be begun; a request that was taken while the run goes on is begun.
//
// The sequence is the caller's code: it may sleep, panic and call runtime.Goexit, and
// lock its thread, which is why iter.Pull does not do here: a coroutine that changes
// between goroutines of which one has locked its thread ends the process.
type Feed[T any] struct {
	asks     chan struct{} // one for each request that a worker waits for, and one at the end of the context
	requests chan Numbered[T]
	ended    chan struct{} // closed when the sequence has returned, by whatever way
	over     chan struct{} // closed when it has, or its grace is over: no worker waits for it any more

	broke    atomic.Bool // the sequence did not return as it should
	panicked any         // what it panicked with; nil: it called runtime.Goexit. Valid where broke is set
}

// A Numbered request has its index in the sequence.
type Numbered[T any] struct {
	Request T
	Index   int
}

// New returns a feed for so many workers.
func New[T any](workers int) *Feed[T] {
	return &Feed[T]{
		asks: make(chan struct{}, workers+1), requests: make(chan Numbered[T]),
		ended: make(chan struct{}), over: make(chan struct{}),
	}
}

// Run runs the sequence until it ends, or ctx does. It calls cancel where the
// sequence broke.
func (f *Feed[T]) Run(ctx context.Context, cancel context.CancelFunc, requests iter.Seq[*T]) {
	returned := false
	defer close(f.ended)
	defer func() {
		if returned {
			return
		}
		f.panicked = recover()
		f.broke.Store(true)
		cancel()
	}()
	if index := 0; f.asked(ctx) {
		for r := range requests {
			if !f.give(r, index) || !f.asked(ctx) {
				break
			}
			index++
		}
	}
	returned = true
}

// asked waits until a worker asks for a request; false: ctx ended.
func (f *Feed[T]) asked(ctx context.Context) bool {
	<-f.asks
	return ctx.Err() == nil
}

// give hands a request to the worker that asked; false: it has given up.
func (f *Feed[T]) give(r *T, index int) bool {
	select {
	case f.requests <- Numbered[T]{*r, index}:
		return true
	case <-f.over:
		return false
	}
}

// Ask asks for one more value of Requests. No more than one is asked for by each
// worker at a time.
func (f *Feed[T]) Ask() {
	select {
	case f.asks <- struct{}{}:
	case <-f.over:
	}
}

// Requests has what was asked for.
func (f *Feed[T]) Requests() <-chan Numbered[T] { return f.requests }

// Over is closed where no more Requests come.
func (f *Feed[T]) Over() <-chan struct{} { return f.over }

// Watch returns when no worker waits for the sequence any more: it has ended or,
// once ctx has, its grace is over.
func (f *Feed[T]) Watch(ctx context.Context) {
	defer close(f.over)
	select {
	case <-f.ended:
		return
	case <-ctx.Done():
	}
	f.asks <- struct{}{}
	grace := time.NewTimer(sequenceGrace)
	defer grace.Stop()
	select {
	case <-f.ended:
	case <-grace.C:
	}
}

// Broken reports that the sequence panicked or called runtime.Goexit.
func (f *Feed[T]) Broken() bool { return f.broke.Load() }

// Carry goes on, in the goroutine of the loop, with what broke the sequence.
func (f *Feed[T]) Carry() {
	switch {
	case !f.broke.Load():
	case f.panicked != nil:
		panic(f.panicked)
	default:
		runtime.Goexit()
	}
}
