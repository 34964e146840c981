package initiator

import (
	"errors"
	"fmt"
)

// A collector gathers results until it is their turn, within a bound on the memory of
// all.
type collector struct {
	room  int64 // bytes
	used  int64 // of them
	ahead *ahead
	turn  int
	open  map[int]*collection // portals whose turn has not come
}

// A collection is what came of one portal.
type collection struct {
	set      TargetSet
	size     int64 // bytes that it takes of the room
	warnings int64 // likewise
	result   Result
	full     error // why no more targets are taken; nil: they are
	done     bool
}

// add takes what is in a batch.
func (c *collector) add(b *Batch) {
	p := c.open[b.Index]
	if p == nil {
		p = new(collection)
		c.open[b.Index] = p
	}
	if p.full == nil && b.Len() > 0 {
		p.set.Add(b, 0, b.Len())
		if p.full = c.count(p); p.full != nil {
			b.Stop(p.full)
		}
	}
	if b.Result != nil {
		p.result, p.done = *b.Result, true
		c.countWarnings(p)
	}
}

// count counts the memory of a portal's targets, also of those that are made of the
// set in the end, and fails where it is too much: it may take what is there, and
// beside other portals no more than it leaves to these. A portal that would find room if
// the others had nothing is not to blame.
func (c *collector) count(p *collection) error {
	size := p.set.Size() + int64(targetSize*p.set.count+addressSize*p.set.lists.addresses)
	c.used += size - p.size
	p.size = size
	share, alone := c.room-(c.used-size), c.room
	if c.ahead.count() > 1 {
		share, alone = share/2, alone/2
	}
	switch {
	case size <= share:
		return nil
	case size <= alone:
		return &MemoryError{Limit: c.room}
	}
	return &LimitError{What: "bytes that it may take in memory beside other portals", Limit: max(share, 0)}
}

// countWarnings counts them, too. Those that find no room are not kept: they cost
// nothing else.
func (c *collector) countWarnings(p *collection) {
	r := &p.result
	for _, w := range r.Warnings {
		p.warnings += int64(len(w.Message))
	}
	if p.warnings == 0 || c.used+p.warnings <= c.room {
		c.used += p.warnings
		return
	}
	n := len(r.Warnings)
	if r.omitted > 0 {
		n += r.omitted - 1
	}
	r.Warnings = []Warning{{Code: WarnMore, Message: fmt.Sprintf("%d more warnings", n)}}
	p.warnings = 0
}

// next returns the result whose turn it is; nil: it is not there yet.
func (c *collector) next() *Result {
	p := c.open[c.turn]
	if p == nil || !p.done {
		return nil
	}
	delete(c.open, c.turn)
	c.turn++
	c.used -= p.size + p.warnings
	c.ahead.leave()
	r := &p.result
	r.Targets, r.TargetsFound = p.set.Targets(), p.set.Len()
	p.set = TargetSet{}
	if limit := (*LimitError)(nil); p.full != nil && !errors.As(r.Err, &limit) && !errors.Is(r.Err, p.full) {
		r.Err = &Error{
			Stage: StageDiscover, Portal: r.Portal.Portal, Address: r.Address, Source: r.Source,
			Err: p.full, Hint: limitHint,
		}
		if memory := (*MemoryError)(nil); errors.As(p.full, &memory) {
			r.Err.(*Error).Hint = memoryHint
		}
		r.Complete = false
	}
	return r
}
