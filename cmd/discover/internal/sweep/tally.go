package sweep

import (
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A Tally counts what became of the portals.
type Tally struct {
	Portals  *Portals
	All      bool      // silent addresses are listed, too
	Open     bool      // only what speaks iSCSI is listed
	Sessions *Sessions // nil: a portal has one result

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
	portal := session.portal
	t.Begun = max(t.Begun, portal+1)
	b := t.Portals.Block(portal)
	g, why, asked := groupOf(r)
	switch {
	case g == Answered:
		t.answered++
	case b != nil && asked && g >= Refused:
		t.Silent++
	default:
		t.failed++
	}
	if b == nil && t.Open {
		b = t.single()
	}
	if b != nil {
		t.countAddress(b, session, outcome{group: g, why: why, asked: asked})
	}
	switch {
	case t.Open:
		return asked && g.SpeaksISCSI()
	case t.All, t.Portals.Block(portal) == nil:
		return true
	}
	return asked && g < Refused
}

// An outcome is what the results of one address come to: the best of them.
type outcome struct {
	left  int // results to come
	asked bool
	group Group
	why   string
}

// countAddress takes a result of an address. The address counts once; not at all where
// it was cancelled.
func (t *Tally) countAddress(b *Block, session Session, o outcome) {
	o.left = session.of
	if before := t.open[session.portal]; before != nil {
		o.left = before.left
		if before.asked && (!o.asked || before.group <= o.group) {
			o.asked, o.group, o.why = true, before.group, before.why
		}
	}
	if o.left--; o.left > 0 {
		if t.open == nil {
			t.open = make(map[int]*outcome)
		}
		t.open[session.portal] = &o
		return
	}
	delete(t.open, session.portal)
	if o.asked {
		b.count(o.group, o.why)
	}
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
// those that were given one by one.
func (t *Tally) Blocks() []*Block {
	blocks := t.Portals.Blocks()
	if t.Open && t.single().Count > 0 {
		blocks = append(blocks, t.single())
	}
	return blocks
}

// Waiting returns of how many addresses some results have come, and not all.
func (t *Tally) Waiting() int { return len(t.open) }

// Status returns the exit status.
func (t *Tally) Status() error {
	switch {
	case t.answered == 0:
		return machine.StatusError(machine.ExitFailed)
	case t.failed > 0 || t.Begun < t.Portals.Count:
		return machine.StatusError(machine.ExitPartly)
	}
	return nil
}
