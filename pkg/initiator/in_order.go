package initiator

import (
	"errors"
	"fmt"
	"iter"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A heldRoom is the memory for what waits until it is its turn, and what each portal
// may take of it. All portals together may take room bytes; a portal that sends for
// ever does not take the room of all.
type heldRoom struct {
	room int64       // bytes
	used int64       // of it
	long int64       // of that, by portals whose lists are long
	only func() bool // no other portal is under way; nil: there always is one
}

// usual is what the list of a portal takes that is not long, in bytes.
func (m *heldRoom) usual() int64 { return min(64<<10, m.room/64) }

// limit returns how many bytes a portal may take that has used some: the whole room
// where it is the only one; what a list of usual length takes, as long as there is any
// room; more only from seven eighths of the room, and no more of them than it leaves
// free for others.
func (m *heldRoom) limit(used int64) int64 {
	left := m.room - (m.used - used)
	if m.only != nil && m.only() {
		return left
	}
	long := m.long
	if used > m.usual() {
		long -= used
	}
	return min(left, max(m.usual(), (m.room-m.room/8-long)/2))
}

// check returns why a portal that has used some bytes must not take size; nil: it may.
// A portal that would find room if the others had nothing is not to blame.
func (m *heldRoom) check(used, size int64) error {
	limit := m.limit(used)
	if size <= limit {
		return nil
	}
	alone := max(m.usual(), (m.room-m.room/8)/2)
	if m.only != nil && m.only() {
		alone = m.room
	}
	if size <= alone {
		return &MemoryError{Limit: m.room}
	}
	return &pdu.LimitError{What: "bytes of targets, the most that one portal may take in memory", Limit: max(limit, 0)}
}

// count counts n more bytes of a portal that has used some.
func (m *heldRoom) count(used *int64, n int64) {
	if *used > m.usual() {
		m.long -= *used
	}
	*used += n
	m.used += n
	if *used > m.usual() {
		m.long += *used
	}
}

// InOrder brings the batches of a run into the order of their portals. Those of the portal whose turn it
// is pass at once; others wait as copies, in no more than room bytes of memory. A portal whose targets find
// no room is stopped, and its result says so: with a *pdu.LimitError where it sent too much, with a
// *MemoryError where other portals have the room. What was read before is yielded.
//
// A batch is valid until the loop goes on. Each portal that waits takes about 200 bytes even where it has no
// targets, so portals should not be begun further ahead than the caller has memory for.
func InOrder(batches iter.Seq[*Batch], room int64) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		q := orderQueue{heldRoom: heldRoom{room: room}, waiting: make(map[int]*heldPortal)}
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

// An orderQueue holds what came of portals until it is their turn.
type orderQueue struct {
	heldRoom
	turn    int
	waiting map[int]*heldPortal
	current *heldPortal // of the portal whose turn it is; nil: nothing was held of it
	whole   bool        // targets are held until the result is there, and each name once
}

// A heldPortal is what came of one portal.
type heldPortal struct {
	portal  Portal
	address netip.AddrPort // that was in use
	targets *target.Set    // nil: none, or they were passed on
	found   int            // targets that were taken
	result  *Result        // nil: there is more to come
	used    int64          // bytes of the room, by targets and warnings
	full    error          // why no more targets are taken; nil: they are
}

// add takes a copy of what is in a batch.
func (q *orderQueue) add(b *Batch) {
	h := q.waiting[b.Index]
	if h == nil {
		h = &heldPortal{portal: b.Portal}
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
		if h.full != nil && !q.whole {
			h.close(&r)
		}
	}
}

// heldAtOnce is how many targets are taken before the room is looked at again: a whole
// batch of a portal that sends for ever may take what is left for all others.
const heldAtOnce = 16

// addTargets takes targets, as far as there is room.
func (q *orderQueue) addTargets(h *heldPortal, b *Batch) {
	if h.targets == nil {
		h.targets = &target.Set{Repeats: !q.whole}
	}
	for i := 0; i < b.Len() && h.full == nil; i += heldAtOnce {
		h.targets.Add(&b.List, i, min(i+heldAtOnce, b.Len()))
		h.full = q.check(h.used, q.size(h.targets))
	}
	h.found = h.targets.Len()
	q.count(&h.used, q.size(h.targets)-h.used)
}

// size returns the bytes that targets take, with those of the list that is made of them.
func (q *orderQueue) size(s *target.Set) int64 {
	size := s.Size()
	if q.whole {
		size += s.TargetsSize()
	}
	return size
}

// addWarnings counts the warnings of a result. Those for which there is no room are
// not kept.
func (q *orderQueue) addWarnings(h *heldPortal) {
	r, size := h.result, int64(0)
	for _, w := range r.Warnings {
		size += int64(len(w.Message))
	}
	if size == 0 || q.used+size <= q.room {
		q.count(&h.used, size)
		return
	}
	n := len(r.Warnings)
	if r.omitted > 0 {
		n += r.omitted - 1
	}
	r.Warnings = []Warning{{Code: WarnMore, Message: fmt.Sprintf("%d more warnings", n)}}
}

// close makes a result that of a portal of which not all was taken.
func (h *heldPortal) close(r *Result) {
	r.TargetsFound = h.found
	r.Overfull(h.full, "ask this portal alone, or use -o jsonl")
}

// now returns what is to be passed on of a batch of the portal whose turn it is; nil:
// nothing.
func (q *orderQueue) now(b *Batch) *Batch {
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
	return &Batch{Index: b.Index, Portal: b.Portal, Address: b.Address, Result: b.Result}
}

// next passes the turn on, and yields all that waited for it.
func (q *orderQueue) next(yield func(*Batch) bool) bool {
	for {
		q.turn++
		h := q.waiting[q.turn]
		q.current = h
		if h == nil {
			return true
		}
		delete(q.waiting, q.turn)
		q.count(&h.used, -h.used)
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
func (h *heldPortal) replay(index int, yield func(*Batch) bool) bool {
	for i := 0; h.targets != nil && i < h.targets.Len(); {
		b := Batch{Index: index, Portal: h.portal, Address: h.address}
		i = h.targets.AppendTo(&b.List, i)
		if !yield(&b) {
			return false
		}
	}
	return h.result == nil || yield(&Batch{Index: index, Portal: h.portal, Address: h.address, Result: h.result})
}

// nextWhole returns the result whose turn it is, with its targets; nil: it is not there
// yet.
func (q *orderQueue) nextWhole() *Result {
	h := q.waiting[q.turn]
	if h == nil || h.result == nil {
		return nil
	}
	delete(q.waiting, q.turn)
	q.turn++
	q.count(&h.used, -h.used)
	r := h.result
	if h.targets != nil {
		r.Targets, r.TargetsFound = h.targets.Targets(), h.targets.Len()
	}
	if h.full != nil && !errors.Is(r.Err, h.full) {
		hint := limitHint
		if memory := (*MemoryError)(nil); errors.As(h.full, &memory) {
			hint = memoryHint
		}
		r.Overfull(h.full, hint)
	}
	return r
}

// Overfull makes r, which may say that all went well, the result of a portal of which
// not all targets were taken: why says of what there was too much, hint what to do. A
// limit that the discovery itself met before stays the reason.
func (r *Result) Overfull(why error, hint string) {
	if limit := (*pdu.LimitError)(nil); errors.As(r.Err, &limit) && !errors.Is(r.Err, why) {
		return
	}
	r.Err = &Error{Stage: StageDiscover, Portal: r.Asked.Portal, Address: r.Address, Source: r.Source, Err: why, Hint: hint}
	r.Complete = false
}
