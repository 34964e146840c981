package initiator

import "sync"

// batches keeps the memory of batches for the next.
type batches struct {
	mu   sync.Mutex // guards free
	free []*Batch
}

// maxFree is how many batches are kept.
const maxFree = 2 * maxWaiting

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
	return b
}

func (p *batches) put(b *Batch) {
	if cap(b.addresses) > 4*maxBatch {
		b.addresses = nil
	}
	if cap(b.text) > 64*maxBatch {
		b.text = nil
	}
	b.result, b.Result = Result{}, nil
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < maxFree {
		p.free = append(p.free, b)
	}
}
