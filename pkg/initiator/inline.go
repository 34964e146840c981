package initiator

import (
	"context"
	"iter"
)

// runInline asks one portal at a time in the caller's goroutine: no hand-over between
// goroutines, and what was read is still in the processor's cache when the caller's loop
// gets it.
func (p *pool) runInline(cancel context.CancelFunc, requests iter.Seq[*Request], yield func(*Batch) bool) {
	p.delivery = &inline{yield: yield, cancel: cancel, batches: &p.batches}
	a := newAttempt(p)
	defer a.close()
	if p.ctx.Err() != nil {
		return
	}
	index := 0
	for next := range requests {
		if p.ahead != nil && !p.ahead.enter(p.ctx) {
			return
		}
		a.reset()
		a.request, a.index = *next, index
		index++
		if a.run(p.ctx); p.ctx.Err() != nil {
			return
		}
	}
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
