package sweep

import (
	"fmt"
	"iter"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// AtOnce changes batches with the indexes of Asked to such with the indexes of all portals,
// and adds the same for each later place of a portal right after it. With sessions the
// indexes are those of sessions.
func (r *Repeats) AtOnce(batches iter.Seq[*initiator.Batch], sessions *Sessions) iter.Seq[*initiator.Batch] {
	if r == nil {
		return batches
	}
	return func(yield func(*initiator.Batch) bool) {
		copies := make(map[int][]int) // of sessions under way: the indexes at later places
		for b := range batches {
			first := r.first(b, sessions)
			session, result := sessions.Session(b.Index), initiator.Result{}
			if b.Result != nil {
				result = *b.Result // the consumer may change it
			}
			index := b.Index
			if !yield(b) {
				return
			}
			for i, place := range r.places(first) {
				c := *b
				c.Index, c.Portal = place, r.portals.At(place)
				if b.Result != nil {
					c.Result = moved(result, c.Portal)
				}
				if sessions != nil {
					if len(copies[index]) <= i {
						copies[index] = append(copies[index], sessions.copyTo(session, place))
					}
					c.Index = copies[index][i]
				}
				if !yield(&c) {
					return
				}
			}
			if b.Result != nil {
				delete(copies, index)
			}
		}
	}
}

// first gives a batch its index among all portals, and returns that of its portal.
func (r *Repeats) first(b *initiator.Batch, sessions *Sessions) int {
	if sessions != nil {
		return sessions.Session(b.Index).Portal
	}
	b.Index = r.Given(b.Index)
	return b.Index
}

// moved returns the result of a portal as that of the same portal at another place, where
// it may be written in another way.
func moved(r initiator.Result, to initiator.Portal) *initiator.Result {
	r.Asked.Portal = to
	if e, ok := r.Err.(*initiator.Error); ok {
		c := *e
		c.Portal = to
		r.Err = &c
	}
	return &r
}

// A replay keeps what came of portals that have later places until it is their turn.
type replay struct {
	*Repeats
	sessions *Sessions
	room     int64 // bytes of memory for what is kept
	used     int64
	kept     map[int]*keptPortal // by the index of the first place
	failures failures
	alike    alike             // of which nothing is in kept
	noRoom   *initiator.Result // stands for results for which there was no room
}

// A keptPortal is what came of a portal, from each port.
type keptPortal struct {
	sessions []keptSession
	left     int // places to come
	used     int64
}

// A keptSession is what came of one session.
type keptSession struct {
	session Session
	address netip.AddrPort
	targets target.Set
	full    error // why the targets are not kept; nil: they are
	result  *initiator.Result
}

// InTurn does what AtOnce does for batches in the order of the portals: each portal is
// reported when its turn has come. What is kept for that takes up to room bytes; where
// there is more, the later places of a portal have an error that says so.
func (r *Repeats) InTurn(batches iter.Seq[*initiator.Batch], sessions *Sessions, room int64) iter.Seq[*initiator.Batch] {
	if r == nil {
		return batches
	}
	return func(yield func(*initiator.Batch) bool) {
		p := &replay{Repeats: r, sessions: sessions, room: room, kept: make(map[int]*keptPortal)}
		for b := range batches {
			first := r.first(b, sessions)
			session := sessions.Session(b.Index)
			done := b.Result != nil && session.nth == max(0, session.of-1)
			if r.later(first) > 0 {
				p.keep(first, session, b)
			}
			if !yield(b) || done && !p.next(first+1, yield) {
				return
			}
		}
	}
}

// keep takes a copy of a batch of a portal that has later places.
func (p *replay) keep(first int, session Session, b *initiator.Batch) {
	k := p.kept[first]
	if b.Result != nil && p.sessions == nil {
		if r := p.sharedResult(b.Result, k); r != nil {
			p.drop(first)
			p.alike.add(first, r)
			return
		}
	}
	if k == nil {
		k = &keptPortal{left: p.later(first)}
		p.kept[first] = k
	}
	if n := len(k.sessions); n == 0 || k.sessions[n-1].result != nil {
		k.sessions = append(k.sessions, keptSession{session: session, targets: target.Set{Repeats: true}})
	}
	s := &k.sessions[len(k.sessions)-1]
	s.address = b.Address
	if b.Len() > 0 && s.full == nil {
		before := s.targets.Size()
		s.targets.Add(&b.List, 0, b.Len())
		if !p.take(k, s.targets.Size()-before) {
			p.take(k, -s.targets.Size())
			s.targets = target.Set{}
			s.full = &pdu.LimitError{What: "bytes of targets, the most that can be kept for portals that are given more than once", Limit: p.room}
		}
	}
	if b.Result != nil {
		p.keepResult(k, s, b.Result)
	}
}

// take counts bytes, and reports whether there was room for them.
func (p *replay) take(k *keptPortal, n int64) bool {
	p.used, k.used = p.used+n, k.used+n
	return n <= 0 || p.used <= p.room
}

// spareRoom is what results may take beyond the room for what is kept, in bytes: those of
// portals whose targets did not fit into it say so.
const spareRoom = 1 << 20

// resultSize is about what a result takes, in bytes, without its warnings.
const resultSize = 2048

// sharedResult returns a result that stands for r and others: for failures that differ in
// the address alone where there was no connection or where there is no room, and for all
// else for which there is no room. k is what is kept of the portal already. Nil: r is kept itself.
func (p *replay) sharedResult(r *initiator.Result, k *keptPortal) *initiator.Result {
	room := p.used+sizeOf(r) <= p.room
	if g, _ := GroupOf(r); k == nil && (g >= Refused || r.Err != nil && !room) {
		if shared := p.failures.shared(r); shared != nil {
			return shared
		}
	}
	if p.used+sizeOf(r) <= p.room+spareRoom {
		return nil
	}
	if p.noRoom == nil {
		p.noRoom = &initiator.Result{}
		p.noRoom.Overfull(fmt.Errorf("the portal is given more than once, and the %d bytes in which results are kept for that are used up", p.room), "its result is at its first place")
	}
	return p.noRoom
}

// drop forgets what is kept of a portal.
func (p *replay) drop(first int) {
	if k := p.kept[first]; k != nil {
		p.take(k, -k.used)
		delete(p.kept, first)
	}
}

// sizeOf is about what a result takes, in bytes.
func sizeOf(r *initiator.Result) int64 {
	size := int64(resultSize)
	for _, w := range r.Warnings {
		size += int64(len(w.Message))
	}
	return size
}

// keepResult takes a copy of a result, without its warnings where there is no room.
func (p *replay) keepResult(k *keptPortal, s *keptSession, r *initiator.Result) {
	c := *r
	if !p.take(k, sizeOf(r)) {
		c.Warnings = nil
	}
	s.result = &c
}

// next yields the portals from an index on that are the same as earlier ones.
func (p *replay) next(index int, yield func(*initiator.Batch) bool) bool {
	for ; index < p.portals.Count; index++ {
		first, ok := p.Of(index)
		if !ok {
			return true
		}
		if r := p.alike.at(first); r != nil {
			if !yieldAlike(moved(*r, p.portals.At(index)), index, yield) {
				return false
			}
			continue
		}
		k := p.kept[first]
		if k == nil {
			return true
		}
		for i := range k.sessions {
			if !p.replay(&k.sessions[i], index, yield) {
				return false
			}
		}
		if k.left--; k.left == 0 {
			p.drop(first)
		}
	}
	return true
}

// replay yields what was kept of a session.
func (p *replay) replay(s *keptSession, place int, yield func(*initiator.Batch) bool) bool {
	portal, index := p.portals.At(place), place
	if p.sessions != nil {
		index = p.sessions.copyTo(s.session, place)
	}
	for i := 0; i < s.targets.Len(); {
		b := initiator.Batch{Index: index, Portal: portal, Address: s.address}
		i = s.targets.AppendTo(&b.List, i)
		if !yield(&b) {
			return false
		}
	}
	r := moved(*s.result, portal)
	if s.full != nil {
		r.Overfull(s.full, "its targets are listed at its first place")
	}
	return yield(&initiator.Batch{Index: index, Portal: portal, Address: r.Address, Result: r})
}

// yieldAlike yields a result for which that of another portal stood.
func yieldAlike(r *initiator.Result, index int, yield func(*initiator.Batch) bool) bool {
	atAddress(r)
	return yield(&initiator.Batch{Index: index, Portal: r.Asked.Portal, Address: r.Address, Result: r})
}
