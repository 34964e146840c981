package sweep

import (
	"iter"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A Tally counts what became of the portals.
type Tally struct {
	Portals  *Portals
	All      bool      // silent addresses are listed, too
	Open     bool      // only what speaks iSCSI is listed
	Sessions *Sessions // nil: a portal has one result
	Repeats  *Repeats
	AtOnce   bool // results of later places come with those of the first

	Begun    int // portals of which there is a result, or an earlier one
	answered int
	failed   int
	Silent   int // addresses of blocks that could not be connected to

	open   map[int]*outcome // addresses that have more results to come
	others *Block           // counts portals that were given one by one; nil: none was
}

// Count takes the result with that index, and reports whether it is listed.
func (t *Tally) Count(index int, r *initiator.Result) bool {
	session := t.Sessions.Session(index)
	portal := session.Portal
	if _, again := t.Repeats.Of(portal); !again || !t.AtOnce {
		t.Begun = max(t.Begun, portal+1)
	}
	b := t.Portals.Block(portal)
	g, why := GroupOf(r)
	switch {
	case g == Answered:
		t.answered++
	case b != nil && g.NoConnection():
		t.Silent++
	default:
		t.failed++
	}
	if b == nil && t.Open {
		b = t.single()
	}
	if b != nil {
		t.countAddress(b, session, outcome{group: g, why: why})
	}
	switch {
	case t.Open:
		return g.SpeaksISCSI()
	case t.All, t.Portals.Block(portal) == nil:
		return true
	}
	return g < Refused
}

// An outcome is what the results of one address come to: the best of them.
type outcome struct {
	left  int // results to come
	group Group
	why   string
}

// countAddress takes a result of an address. The address counts once.
func (t *Tally) countAddress(b *Block, session Session, o outcome) {
	o.left = session.of
	if before := t.open[session.Portal]; before != nil {
		o.left = before.left
		if before.group <= o.group {
			o.group, o.why = before.group, before.why
		}
	}
	if o.left--; o.left > 0 {
		if t.open == nil {
			t.open = make(map[int]*outcome)
		}
		t.open[session.Portal] = &o
		return
	}
	delete(t.open, session.Portal)
	b.Take(o.group, o.why)
}

// single returns what counts the portals that were given one by one.
func (t *Tally) single() *Block {
	if t.others == nil {
		t.others = &Block{Count: t.Portals.Count}
		for _, b := range t.Portals.Blocks() {
			t.others.Count -= b.Count
		}
	}
	return t.others
}

// Blocks returns what is summed up: the blocks and, where not all portals are listed,
// those that were given one by one. No more results come: an address from which a
// cancelled run has some counts as the best of them.
func (t *Tally) Blocks() []*Block {
	for portal, o := range t.open {
		b := t.Portals.Block(portal)
		if b == nil {
			b = t.single()
		}
		b.Take(o.group, o.why)
	}
	t.open = nil
	blocks := t.Portals.Blocks()
	if t.Open && t.single().Count > 0 {
		blocks = append(blocks, t.single())
	}
	return blocks
}

// Status returns the exit status.
func (t *Tally) Status() error {
	switch {
	case t.answered == 0:
		return exit.StatusError(exit.Failed)
	case t.failed > 0:
		return exit.StatusError(exit.Partly)
	}
	for range t.Rest() {
		return exit.StatusError(exit.Partly)
	}
	return nil
}

// Rest yields the indexes of the portals that have no result.
func (t *Tally) Rest() iter.Seq[int] {
	return func(yield func(int) bool) {
		for index := t.Begun; index < t.Portals.Count; index++ {
			if first, again := t.Repeats.Of(index); again && t.AtOnce && first < t.Begun {
				continue
			}
			if !yield(index) {
				return
			}
		}
	}
}
