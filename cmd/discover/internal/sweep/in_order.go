package sweep

import (
	"context"
	"fmt"
	"iter"
	"net/netip"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// MaxAhead is by how many portals one may be asked before an earlier one is
// done, where results are in the order of the portals: what waits is held in
// memory.
const MaxAhead = 1 << 16

// InOrder brings batches into the order of their portals. Those of the portal
// whose turn it is pass at once; others wait, in no more than room bytes of memory.
func InOrder(batches iter.Seq[*initiator.Batch], room int64) iter.Seq[*initiator.Batch] {
	return func(yield func(*initiator.Batch) bool) {
		q := queue{room: room, waiting: make(map[int]*held)}
		for b := range batches {
			if b.Index > q.turn {
				q.add(b)
				continue
			}
			if b = q.now(b); b != nil && !yield(b) {
				return
			}
			if b != nil && b.Result != nil && !q.next(yield) {
				return
			}
		}
	}
}

// A queue holds what waits for its turn.
type queue struct {
	turn    int
	waiting map[int]*held
	room    int64
	used    int64 // of it
	long    int64 // of that, by portals whose lists are long
	current *held // of the portal whose turn it is; nil: nothing was
}

// held is what came of one portal.
type held struct {
	portal  initiator.Portal
	address netip.AddrPort       // that was in use
	targets *initiator.TargetSet // nil: none, or they were passed on
	found   int                  // targets that were taken
	result  *initiator.Result    // nil: there is more to come
	used    int64                // of the room, by targets and warnings
	full    error                // why no more targets are taken; nil: they are
}

// add takes a copy of what is in a batch.
func (q *queue) add(b *initiator.Batch) {
	h := q.waiting[b.Index]
	if h == nil {
		h = &held{portal: b.Portal}
		q.waiting[b.Index] = h
	}
	h.address = b.Address
	if b.Len() > 0 && h.full == nil {
		q.addTargets(h, b)
	}
	if h.full != nil {
		b.Stop(h.full)
	}
	if b.Result != nil {
		r := *b.Result
		h.result = &r
		q.addWarnings(h)
		h.close(&r)
	}
}

// close makes a result that of a portal of which not all was taken, where it is one.
func (h *held) close(r *initiator.Result) {
	if h.full != nil {
		r.TargetsFound = h.found
		machine.Overfull(r, h.full, "ask it alone, or use -o jsonl")
	}
}

// now returns what is to be passed on of a batch of the portal whose turn it is; nil:
// nothing.
func (q *queue) now(b *initiator.Batch) *initiator.Batch {
	h := q.current
	if h == nil || h.full == nil {
		return b
	}
	// There is a gap before these targets.
	b.Stop(h.full)
	if b.Result == nil {
		return nil
	}
	h.close(b.Result)
	return &initiator.Batch{Index: b.Index, Portal: b.Portal, Address: b.Address, Result: b.Result}
}

// addTargets takes targets. A portal that sends for ever does not take the room of all:
// see limit.
func (q *queue) addTargets(h *held, b *initiator.Batch) {
	if h.targets == nil {
		h.targets = &initiator.TargetSet{Repeats: true}
	}
	limit := q.limit(h)
	for i := 0; i < b.Len() && h.full == nil; i += heldAtOnce {
		h.targets.Add(b, i, min(i+heldAtOnce, b.Len()))
		if h.targets.Size() > limit {
			h.full = &initiator.MemoryError{Limit: q.room}
			if alone := max(q.usual(), (q.room-q.room/8)/2); h.targets.Size() > alone {
				h.full = &initiator.LimitError{What: "bytes of targets that would have to be held until an earlier portal is done", Limit: max(limit, 0)}
			}
		}
	}
	h.found = h.targets.Len()
	q.count(h, h.targets.Size()-h.used)
}

// limit returns how many bytes a portal may hold: what a list of usual length takes, as
// long as there is any room; more only from seven eighths of the room, and no more of them
// than it leaves free for others.
func (q *queue) limit(h *held) int64 {
	usual := min(q.room-(q.used-h.used), q.usual())
	long := q.long
	if h.used > q.usual() {
		long -= h.used
	}
	return max(usual, (q.room-q.room/8-long)/2)
}

// usual is what the list of a portal takes that is not long, in bytes.
func (q *queue) usual() int64 { return min(64<<10, q.room/64) }

// count counts bytes of a portal.
func (q *queue) count(h *held, n int64) {
	if h.used > q.usual() {
		q.long -= h.used
	}
	h.used += n
	q.used += n
	if h.used > q.usual() {
		q.long += h.used
	}
}

// heldAtOnce is how many targets are taken before the room is looked at again: a whole
// batch of a portal that sends for ever may take what is left for all others.
const heldAtOnce = 16

// addWarnings counts the warnings of a result. Those for which there is no room are
// not kept.
func (q *queue) addWarnings(h *held) {
	r, n := h.result, int64(0)
	for _, w := range r.Warnings {
		n += int64(len(w.Message))
	}
	if n > 0 && q.used+n > q.room {
		r.Warnings = []initiator.Warning{{Code: initiator.WarnMore, Message: fmt.Sprintf("%d more warnings", len(r.Warnings))}}
		return
	}
	q.count(h, n)
}

// next passes the turn on, and yields all that waited for it.
func (q *queue) next(yield func(*initiator.Batch) bool) bool {
	for {
		q.turn++
		h := q.waiting[q.turn]
		q.current = h
		if h == nil {
			return true
		}
		delete(q.waiting, q.turn)
		q.count(h, -h.used)
		if !h.replay(q.turn, yield) {
			return false
		}
		h.targets = nil
		if h.result == nil {
			return true
		}
	}
}

// replay yields what was held.
func (h *held) replay(index int, yield func(*initiator.Batch) bool) bool {
	for i := 0; h.targets != nil && i < h.targets.Len(); {
		b := initiator.Batch{Index: index, Portal: h.portal, Address: h.address}
		i = h.targets.AppendTo(&b, i)
		if !yield(&b) {
			return false
		}
	}
	return h.result == nil || yield(&initiator.Batch{Index: index, Portal: h.portal, Address: h.address, Result: h.result})
}

// A window keeps portals from being asked too far ahead of the results.
type window struct {
	ctx  context.Context
	free chan struct{} // as many as may be under way or waiting
}

func NewWindow(ctx context.Context) *window {
	return &window{ctx: ctx, free: make(chan struct{}, MaxAhead)}
}

// Limit yields portals while there is room, until the context ends.
func (w *window) Limit(all iter.Seq[initiator.SendTargetPortal]) iter.Seq[initiator.SendTargetPortal] {
	return func(yield func(initiator.SendTargetPortal) bool) {
		for p := range all {
			select {
			case w.free <- struct{}{}:
			case <-w.ctx.Done():
				return
			}
			if !yield(p) {
				return
			}
		}
	}
}

// Done makes room for one more.
func (w *window) Done() { <-w.free }
