package initiator

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"
)

// maxBatch is about how many targets are handed on at once.
const maxBatch = 256

// A Batch is what came of one portal since its last batch: targets, its result, or
// both. All that it points to is valid until the loop goes on, but for strings,
// which are valid for ever.
type Batch struct {
	Index   int // of the portal in the sequence, from 0
	Portal  Portal
	Targets []Target
	Result  *Result // nil: there is more to come of the portal

	implied   []bool          // of each target: its address is the portal in use, and was perhaps not sent
	addresses []TargetAddress // the memory of the targets' addresses
	result    Result          // what Result points to
	long      bool            // it has taken room for long ones
}

// Batches is [Discoverer.Run] for who wants many targets at once, and keeps none:
// nothing is allocated for a target but its name.
func (d *Discoverer) Batches(ctx context.Context, portals iter.Seq[SendTargetPortal]) iter.Seq[*Batch] {
	return d.run(ctx, d.jobs(portals), nil)
}

// add adds a target, whose addresses are copied once where it shares them with
// the one before.
func (b *Batch) add(t *listed) {
	var addresses []TargetAddress
	if last := len(b.Targets) - 1; t.again && last >= 0 {
		addresses = b.Targets[last].Addresses
	} else {
		n := len(b.addresses)
		b.addresses = append(b.addresses, t.Addresses...)
		addresses = b.addresses[n:len(b.addresses):len(b.addresses)]
	}
	b.Targets = append(b.Targets, Target{Name: t.Name, Alias: t.Alias, Addresses: addresses})
	b.implied = append(b.implied, t.implied)
}

// isLong reports more than a few targets.
func (b *Batch) isLong() bool { return len(b.Targets) > maxBatch/8 }

// target returns a target that stays valid.
func (b *Batch) target(i int) Target {
	t := b.Targets[i]
	t.Addresses = slices.Clone(t.Addresses)
	return t
}

// batches keeps the memory of batches for the next.
type batches struct {
	mu   sync.Mutex // guards free
	free []*Batch
}

// maxFree is how many batches are kept.
const maxFree = 2 * maxWaiting

func (p *batches) get(index int, portal Portal) *Batch {
	b := p.last()
	*b = Batch{Index: index, Portal: portal, Targets: b.Targets[:0], implied: b.implied[:0], addresses: b.addresses[:0]}
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
	return b
}

func (p *batches) put(b *Batch) {
	if cap(b.addresses) > 4*maxBatch {
		b.addresses = nil
	}
	clear(b.Targets)
	b.result, b.Result = Result{}, nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < maxFree {
		p.free = append(p.free, b)
	}
}

// Texts makes strings, many in one piece of memory.
type texts struct {
	piece strings.Builder
	size  int // of the next piece
}

// The sizes of pieces, in bytes. A string that is kept holds its piece.
const (
	firstPiece   = 512
	largestPiece = 16 << 10
)

func (t *texts) string(v []byte) string {
	if t.piece.Cap()-t.piece.Len() < len(v) {
		t.size = min(max(2*t.size, firstPiece), largestPiece)
		t.piece = strings.Builder{}
		t.piece.Grow(max(t.size, len(v)))
	}
	n := t.piece.Len()
	t.piece.Write(v)
	return t.piece.String()[n:]
}
