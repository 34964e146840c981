package initiator

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A delivery hands batches to the consumer of a run.
type delivery interface {
	// room returns how many more targets a batch may have before it is handed on.
	room(b *Batch) int

	// offer hands a batch on if that takes no time, and reports whether it did.
	offer(b *Batch) bool

	// emit hands a batch on, or fails with errStopped when the consumer has left.
	emit(b *Batch) error
}

// maxNear is maxBatch where the consumer gets them in the same goroutine.
const maxNear = 1024

// An inline delivery calls the caller's loop body.
type inline struct {
	yield   func(*Batch) bool
	left    bool // the caller has left the loop
	cancel  context.CancelFunc
	batches *batches
}

func (i *inline) room(b *Batch) int { return max(maxNear-b.Len(), 0) }

// offer never hands a batch on: the loop body may take any time.
func (i *inline) offer(*Batch) bool { return false }

func (i *inline) emit(b *Batch) error {
	if i.left = i.left || !i.yield(b); i.left {
		i.cancel()
		return errStopped
	}
	i.batches.put(b)
	return nil
}

const (
	// maxBatch is about how many targets are handed on at once.
	maxBatch = 4096

	// maxWaiting is how many batches may wait for the consumer before a portal has to.
	maxWaiting = 32

	// maxLong is how many batches of more than maxShort targets may wait.
	maxLong = 4
)

// A queue is the delivery of a run with several workers: batches wait in it for the
// caller's loop.
type queue struct {
	out  chan *Batch
	long chan struct{} // one for each long batch in out
	quit chan struct{} // closed when the caller has left the loop
}

func newQueue() *queue {
	return &queue{out: make(chan *Batch, maxWaiting), long: make(chan struct{}, maxLong), quit: make(chan struct{})}
}

func (q *queue) room(b *Batch) int { return max(maxBatch-b.Len(), 0) }

func (q *queue) offer(b *Batch) bool {
	if b.isLong() {
		select {
		case q.long <- struct{}{}:
			b.long = true
		default:
			return false
		}
	}
	select {
	case q.out <- b:
		return true
	default:
		q.shorten(b)
		return false
	}
}

func (q *queue) emit(b *Batch) error {
	if b.isLong() {
		select {
		case q.long <- struct{}{}:
			b.long = true
		case <-q.quit:
			return errStopped
		}
	}
	select {
	case q.out <- b:
		return nil
	case <-q.quit:
		return errStopped
	}
}

// shorten gives back the place of a long batch.
func (q *queue) shorten(b *Batch) {
	if b.long {
		b.long = false
		<-q.long
	}
}

// open returns the batch that is being filled.
func (a *attempt) open() *Batch {
	if a.batch == nil {
		a.batch = a.pool.batches.get(a.index, a.result.Asked.Portal)
		a.batch.Address = a.result.Address
	}
	return a.batch
}

// handOn emits what waits. The time that it takes is the consumer's.
func (a *attempt) handOn() error {
	b := a.batch
	if b == nil {
		return nil
	}
	a.batch = nil
	if s := a.d.Stages; s != nil {
		s.Targets.Add(int64(b.Len()))
	}
	if a.watch == nil {
		if a.pool.delivery.offer(b) {
			return nil
		}
		return a.pool.delivery.emit(b)
	}
	b.watch, b.work = a.watch, a.watch.Current()
	if a.pool.delivery.offer(b) {
		return nil
	}
	a.watch.Pause()
	defer a.watch.Resume()
	if err := a.pool.delivery.emit(b); err != nil {
		return err
	}
	return context.Cause(a.watch.Ctx) // the consumer may have stopped it
}

// into returns the list of the open batch, and how many more targets it takes.
func (a *attempt) into() (*target.List, int) {
	b := a.open()
	return &b.List, a.pool.delivery.room(b)
}

// found counts targets that were added to the open batch, which is handed on when it is
// full.
func (a *attempt) found(n int) error {
	a.result.TargetsFound += n
	if a.pool.delivery.room(a.batch) == 0 {
		return a.handOn()
	}
	return nil
}
