package initiator

import (
	"context"
	"iter"
	"net/netip"
	"slices"
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/stopwatch"
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

	entries   []batchEntry
	text      []byte          // names and aliases
	addresses []TargetAddress // of all targets
	result    Result          // what Result points to
	long      bool            // it has taken room for long ones

	watch *stopwatch.Watch // of the portal's discovery; nil: it is not of a Discoverer
	work  int              // number of the work, for watch.Abort
}

// A batchEntry is a target of a batch. The fields are as small as they are since
// there are many.
type batchEntry struct {
	alias, end uint32 // in text: of the alias, and of what follows it; the name is before
	from, to   uint32 // of the addresses
	implied    bool   // its address is the portal in use, and was perhaps not sent
}

// Batches is [Discoverer.Run] for who wants many targets at once, and keeps none:
// nothing is allocated for a target.
func (d *Discoverer) Batches(ctx context.Context, portals iter.Seq[SendTargetPortal]) iter.Seq[*Batch] {
	return d.run(ctx, d.requests(portals), nil, d.parallel())
}

// Len returns how many targets there are.
func (b *Batch) Len() int { return len(b.entries) }

// Name returns the name of target i, as sent: one that CheckName lets pass.
func (b *Batch) Name(i int) []byte {
	start, end := uint32(0), b.entries[i].alias
	if i > 0 {
		start = b.entries[i-1].end
	}
	return b.text[start:end:end]
}

// Alias returns the alias of target i: free text of the target's, valid UTF-8;
// mostly empty.
func (b *Batch) Alias(i int) []byte {
	e := &b.entries[i]
	return b.text[e.alias:e.end:e.end]
}

// Addresses returns the addresses of target i, in the order of the answer; never
// empty but where [Batch.Add] was given none. Where they are those of the target
// before, they are the same memory.
func (b *Batch) Addresses(i int) []TargetAddress {
	e := &b.entries[i]
	return b.addresses[e.from:e.to:e.to]
}

// Target returns a copy of target i, which stays valid.
func (b *Batch) Target(i int) Target {
	return Target{Name: string(b.Name(i)), Alias: string(b.Alias(i)), Addresses: append([]TargetAddress(nil), b.Addresses(i)...)}
}

// Add adds a copy of a target. A batch has room for 4 GiB of names and aliases.
func (b *Batch) Add(t *Target) {
	b.add(&listed{name: []byte(t.Name), alias: []byte(t.Alias), addresses: t.Addresses})
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
	c.entries, c.text, c.addresses = slices.Clone(b.entries), slices.Clone(b.text), slices.Clone(b.addresses)
	if b.Result != nil {
		c.result = *b.Result
		c.Result = &c.result
	}
	return &c
}

// add adds a target of a list.
func (b *Batch) add(t *listed) {
	text := append(b.text, t.name...)
	alias := len(text)
	if len(t.alias) > 0 {
		text = append(text, t.alias...)
	}
	b.text = text
	from, to := uint32(len(b.addresses)), uint32(0)
	if last := len(b.entries) - 1; last >= 0 && slices.Equal(t.addresses, b.Addresses(last)) {
		from, to = b.entries[last].from, b.entries[last].to
	} else {
		b.addresses = append(b.addresses, t.addresses...)
		to = uint32(len(b.addresses))
	}
	// Written field by field, since there are many.
	b.entries = append(b.entries, batchEntry{})
	e := &b.entries[len(b.entries)-1]
	e.alias, e.end, e.from, e.to, e.implied = uint32(alias), uint32(len(text)), from, to, t.implied
}

// addMore adds targets that have what the last one has, but names of their own.
func (b *Batch) addMore(text []byte, names []span) {
	before := len(b.entries)
	b.entries = slices.Grow(b.entries, len(names))[:before+len(names)]
	last, to := b.entries[before-1], b.text
	for i, entries := 0, b.entries[before:]; i < len(entries) && i < len(names); i++ {
		to = append(to, text[names[i].from:names[i].to]...)
		e, end := &entries[i], uint32(len(to))
		e.alias, e.end, e.from, e.to, e.implied = end, end, last.from, last.to, last.implied
	}
	b.text = to
}

// isLong reports more than few targets.
func (b *Batch) isLong() bool { return len(b.entries) > maxShort }

// reset makes b one of another portal, and keeps its memory.
func (b *Batch) reset(index int, portal Portal) {
	*b = Batch{Index: index, Portal: portal, entries: b.entries[:0], text: b.text[:0], addresses: b.addresses[:0]}
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
