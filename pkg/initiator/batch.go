package initiator

import (
	"context"
	"iter"
	"net/netip"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/stopwatch"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// maxShort is how many are few.
const maxShort = 32

// A Batch is what came of one portal since its last batch: targets, its result, or
// both. All that it points to, and all that its methods return but for [Batch.Target],
// is valid until the loop goes on. The zero value has nothing in it.
type Batch struct {
	Index  int // of the portal in the sequence, from 0
	Portal Portal
	Result *Result // nil: there is more to come of the portal

	// Address is the one in use, at which the targets were listed; invalid: there
	// was none.
	Address netip.AddrPort

	target.List // targets

	result Result // what Result points to
	long   bool   // it has taken room for long ones

	watch *stopwatch.Watch // of the portal's discovery; nil: it is not of a Discoverer
	work  int              // number of the work, for watch.Abort
}

// Batches is [Discoverer.Run] for callers that take many targets at once and keep none:
// nothing is allocated for a target.
func (d *Discoverer) Batches(ctx context.Context, portals iter.Seq[SendTargetPortal]) iter.Seq[*Batch] {
	return d.run(ctx, d.requests(portals), nil, d.parallel())
}

// Stop ends the discovery of the batch's portal with an error, unless it is over
// already: more targets may come that were read meanwhile, then the result comes, with
// an *Error of StageDiscover that wraps err. Other portals go on. It may be called
// while the batch is valid, also of a copy; of a batch that was not made by a
// Discoverer it does nothing.
func (b *Batch) Stop(err error) {
	if b.watch != nil {
		b.watch.Abort(b.work, err)
	}
}

// Clone returns a copy of b, which stays valid.
func (b *Batch) Clone() *Batch {
	c := *b
	c.long = false
	c.List = b.List.Clone()
	if b.Result != nil {
		c.result = *b.Result
		c.Result = &c.result
	}
	return &c
}

// isLong reports more than few targets.
func (b *Batch) isLong() bool { return b.Len() > maxShort }

// Reset makes b one of another portal, and keeps its memory.
func (b *Batch) reset(index int, portal Portal) {
	b.List.Reset()
	*b = Batch{Index: index, Portal: portal, List: b.List}
}

// batches keeps the memory of batches for the next.
type batches struct {
	mu   sync.Mutex // guards the following
	free []*Batch
	held int // bytes in them
}

// What is kept, at most.
const (
	maxFree      = 2 * maxWaiting // batches
	maxFreeBytes = 4 << 20        // of memory in them
)

func (p *batches) get(index int, portal Portal) *Batch {
	b := p.last()
	b.reset(index, portal)
	return b
}

// last returns the batch that was used last, which the processor still knows.
func (p *batches) last() *Batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free) - 1
	if n < 0 {
		return new(Batch)
	}
	b := p.free[n]
	p.free = p.free[:n]
	p.held -= b.Size()
	return b
}

func (p *batches) put(b *Batch) {
	b.List.Reset()
	b.result, b.Result = Result{}, nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if size := b.Size(); len(p.free) < maxFree && p.held+size <= maxFreeBytes {
		p.free = append(p.free, b)
		p.held += size
	}
}

// Like returns a batch of the same portal that has no targets and no result. Its Stop
// ends the same discovery.
func (b *Batch) Like() *Batch {
	return &Batch{Index: b.Index, Portal: b.Portal, Address: b.Address, watch: b.watch, work: b.work}
}
