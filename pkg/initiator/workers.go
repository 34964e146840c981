package initiator

import (
	"context"
	"iter"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/feed"
)

// runWorkers asks portals in up to parallel goroutines, and hands what comes of them to
// the caller's loop.
func (p *pool) runWorkers(cancel context.CancelFunc, requests iter.Seq[*Request], parallel int, yield func(*Batch) bool) {
	q := newQueue()
	p.delivery = q
	w := &workers{pool: p, feed: feed.New[Request](parallel), parallel: parallel, started: 1}
	defer func() {
		cancel()
		close(q.quit)
		for range q.out { // until no worker is left
		}
		w.feed.Carry()
	}()
	go w.feed.Run(p.ctx, cancel, requests)
	w.group.Go(w.work)
	go func() {
		w.feed.Watch(p.ctx)
		w.group.Wait()
		close(q.out)
	}()
	for b := range q.out {
		if w.feed.Broken() || !yield(b) {
			return
		}
		q.shorten(b)
		p.batches.put(b)
	}
}

// workers are the goroutines of a run, which each take one portal after the other.
type workers struct {
	pool     *pool
	feed     *feed.Feed[Request]
	parallel int // workers at most
	group    sync.WaitGroup

	mu      sync.Mutex // guards the following
	started int        // workers
}

// work asks portals until there are none. Each worker that finds one starts
// another, up to the limit, so that a few portals cost a few goroutines.
func (w *workers) work() {
	a := newAttempt(w.pool)
	defer a.close()
	for {
		a.reset()
		var ok bool
		if a.index, ok = w.take(&a.request); !ok {
			return
		}
		a.run(w.pool.ctx)
	}
}

// Take copies the next request to r and returns its index.
func (w *workers) take(r *Request) (index int, ok bool) {
	ahead := w.pool.ahead
	if ahead != nil && !ahead.Enter(w.pool.ctx) {
		return 0, false
	}
	if index, ok = w.feed.Take(w.pool.ctx, r); !ok {
		if ahead != nil {
			ahead.Leave()
		}
		return 0, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started < w.parallel {
		w.started++
		w.group.Go(w.work)
	}
	return index, true
}
