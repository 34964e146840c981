package initiator

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/feed"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/handshakes"
)

// runWorkers asks portals in up to parallel goroutines, and hands what comes of them to
// the caller's loop.
func (p *pool) runWorkers(cancel context.CancelFunc, requests iter.Seq[*Request], parallel int, yield func(*Batch) bool) {
	q := newQueue()
	p.delivery = q
	w := &workers{pool: p, feed: feed.New[Request](parallel), parallel: parallel, started: 1, turn: make(chan struct{}, 1)}
	if n := p.d.connecting(parallel); n > 0 && p.d.Dial == nil {
		p.set = handshakes.New[*suspended](p.ctx, n, parallel, p.descriptors.Leave)
		defer p.set.Close()
	}
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
	parallel int           // workers at most
	turn     chan struct{} // has a value while a worker waits for the pacer
	group    sync.WaitGroup

	mu      sync.Mutex // guards the following
	started int        // workers
}

// work asks portals until there are none. Each worker that finds one starts
// another, up to the limit, so that a few portals cost a few goroutines.
func (w *workers) work() {
	a := newAttempt(w.pool)
	defer a.close()
	in := intake{workers: w, ctx: w.pool.ctx}
	defer in.close()
	for in.next(a) {
		w.another()
		a.run(w.pool.ctx)
		in.held = append(in.held, a.held...)
		if a.interrupted != nil {
			in.held = append(in.held, a.interrupted)
			in.owed++
		}
	}
}

// another starts another worker, up to the limit.
func (w *workers) another() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started < w.parallel {
		w.started++
		w.group.Go(w.work)
	}
}

// An intake is how a worker comes to its portals: those whose connection took longer go
// first, then new ones, as far as there is room for them.
type intake struct {
	*workers
	ctx context.Context

	entered bool         // there is room for another portal that waits to be taken
	paced   bool         // a connection may be begun
	asked   bool         // the feed was asked
	held    []*suspended // portals that gave way for want of a descriptor
	owed    int          // values of Ready that were taken for it
}

// close gives back what the worker does not need any more.
func (in *intake) close() {
	if in.entered {
		in.pool.ahead.Leave()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.started--
}

// next makes a the attempt of the next portal; false: there is none.
func (in *intake) next(a *attempt) bool {
	a.reset()
	set := in.pool.set
	switch {
	case in.owed > 0:
		in.owed--
		a.connected(set.Take())
		return true
	case len(in.held) > 0:
		last := len(in.held) - 1
		a.resume(in.held[last])
		in.held = in.held[:last]
		return true
	}
	for {
		switch in.step(a) {
		case portalFound:
			return true
		case noMore:
			return in.rest(a)
		case goOn:
		}
	}
}

// A progress is how far an intake has come.
type progress int

const (
	goOn        progress = iota // one step further
	portalFound                 // there is a portal
	noMore                      // there are no new ones
)

// step takes the next step to a portal.
func (in *intake) step(a *attempt) progress {
	ready, set, ahead := in.pool.ready(), in.pool.set, in.pool.ahead
	select {
	case <-ready:
		return in.resume(a)
	default:
	}
	switch {
	case in.asked:
		return in.ask(a)
	case ahead != nil && !in.entered:
		// Where there is room a portal that was yielded is begun, also if ctx has just ended.
		select {
		case ahead.Room() <- struct{}{}:
			in.entered = true
			return goOn
		default:
		}
		select {
		case ahead.Room() <- struct{}{}:
			in.entered = true
			return goOn
		case <-ready:
			return in.resume(a)
		case <-in.ctx.Done():
			return noMore
		}
	case in.ctx.Err() != nil:
		return noMore
	case set != nil && !set.HasRoom():
		select {
		case <-set.More:
			set.Again()
			return goOn
		case <-ready:
			return in.resume(a)
		case <-in.ctx.Done():
			return noMore
		}
	case in.pool.pacer.Limits() && !in.paced:
		return in.wait(a)
	}
	in.feed.Ask()
	in.asked = true
	return in.ask(a)
}

// ask waits for what the feed was asked for.
func (in *intake) ask(a *attempt) progress {
	select {
	case <-in.pool.ready():
		return in.resume(a)
	case n := <-in.feed.Requests():
		a.request, a.index, a.paced = n.Request, n.Index, in.paced
		in.asked, in.entered, in.paced = false, false, false
		if s := a.d.Stages; s != nil {
			s.Begun.Add(1)
		}
		return portalFound
	case <-in.feed.Over():
		in.asked = false
		return noMore
	}
}

// resume makes a the attempt of a portal that is ready.
func (in *intake) resume(a *attempt) progress {
	a.connected(in.pool.set.Take())
	return portalFound
}

// wait waits until another connection may be begun. One worker at a time does, so that
// the others are free.
func (in *intake) wait(a *attempt) progress {
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-in.pool.ready():
		return in.resume(a)
	case <-in.feed.Over():
		return noMore
	case <-in.ctx.Done():
		return noMore
	}
	for {
		left, ok := in.pool.pacer.Take()
		if ok {
			in.paced = true
			return goOn
		}
		t := time.NewTimer(left)
		select {
		case <-t.C:
		case <-in.pool.ready():
			t.Stop()
			return in.resume(a)
		case <-in.feed.Over():
			t.Stop()
			return noMore
		case <-in.ctx.Done():
			t.Stop()
			return noMore
		}
	}
}

// rest waits for portals whose connections take longer, where there are no others.
func (in *intake) rest(a *attempt) bool {
	if in.pool.set == nil {
		return false
	}
	select {
	case <-in.pool.ready():
		in.resume(a)
		return true
	case <-in.pool.set.Idle():
		return false
	}
}
