package initiator

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

// A feed runs the caller's sequence in a goroutine of its own, and hands its requests to
// the workers. A worker asks first, so that no request is taken from the sequence before
// it can be begun; a request that was taken while the run goes on is begun.
//
// The sequence is the caller's code: it may sleep, panic and call runtime.Goexit, and
// lock its thread, which is why iter.Pull does not do here: a coroutine that changes
// between goroutines of which one has locked its thread ends the process.
type feed struct {
	asks     chan struct{} // one for each request that a worker waits for, and one at the end of the context
	requests chan numberedRequest
	ended    chan struct{} // closed when the sequence has returned, by whatever way
	over     chan struct{} // closed when it has, or its grace is over: no worker waits for it any more

	broken   atomic.Bool // the sequence did not return as it should
	panicked any         // what it panicked with; nil: it called runtime.Goexit. Valid where broken is set
}

// A numberedRequest is a request with its index in the sequence.
type numberedRequest struct {
	request Request
	index   int
}

// newFeed returns a feed for so many workers.
func newFeed(workers int) *feed {
	return &feed{
		asks: make(chan struct{}, workers+1), requests: make(chan numberedRequest),
		ended: make(chan struct{}), over: make(chan struct{}),
	}
}

// run runs the sequence until it ends, or ctx does. It calls cancel where the
// sequence broke.
func (f *feed) run(ctx context.Context, cancel context.CancelFunc, requests iter.Seq[*Request]) {
	returned := false
	defer close(f.ended)
	defer func() {
		if returned {
			return
		}
		f.panicked = recover()
		f.broken.Store(true)
		cancel()
	}()
	if index := 0; f.asked(ctx) {
		for j := range requests {
			if !f.give(j, index) || !f.asked(ctx) {
				break
			}
			index++
		}
	}
	returned = true
}

// asked waits until a worker asks for a request; false: ctx ended.
func (f *feed) asked(ctx context.Context) bool {
	<-f.asks
	return ctx.Err() == nil
}

// give hands a request to the worker that asked; false: it has given up.
func (f *feed) give(j *Request, index int) bool {
	select {
	case f.requests <- numberedRequest{*j, index}:
		return true
	case <-f.over:
		return false
	}
}

// take returns the next request; false: there is none, or ctx ended.
func (f *feed) take(ctx context.Context, j *Request) (index int, ok bool) {
	if ctx.Err() != nil {
		return 0, false
	}
	f.asks <- struct{}{}
	select {
	case n := <-f.requests:
		*j = n.request
		return n.index, true
	case <-f.over:
		return 0, false
	}
}

// watch returns when no worker waits for the sequence any more: it has ended or,
// once ctx has, its grace is over.
func (f *feed) watch(ctx context.Context) {
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

// carry goes on, in the goroutine of the loop, with what broke the sequence.
func (f *feed) carry() {
	switch {
	case !f.broken.Load():
	case f.panicked != nil:
		panic(f.panicked)
	default:
		runtime.Goexit()
	}
}
