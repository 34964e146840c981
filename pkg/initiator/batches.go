package initiator

import "sync"

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
	p.held -= b.size()
	return b
}

func (p *batches) put(b *Batch) {
	clear(b.addresses)
	b.result, b.Result = Result{}, nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if size := b.size(); len(p.free) < maxFree && p.held+size <= maxFreeBytes {
		p.free = append(p.free, b)
		p.held += size
	}
}

// size returns about how many bytes of memory b has for targets.
func (b *Batch) size() int { return cap(b.text) + 20*cap(b.entries) + 32*cap(b.addresses) }
