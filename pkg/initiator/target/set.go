package target

import (
	"encoding/binary"
	"reflect"
)

// A Set collects the targets of one portal, each name once, in little more
// memory than their names, aliases and addresses have bytes. The zero value is empty
// and ready to use. A set must not be copied once there are targets in it, and has
// room for 4 GiB of text.
//
// Of a name that comes again, in whatever case, the addresses join those that are
// there, in the order of the answer, and the alias is the first that is not empty. An
// address that a [Parser] put in since none was sent gives way to those that are
// sent later.
type Set struct {
	// Repeats makes a name that comes again one more target, as it is in a stream.
	// It is not to be changed once there are targets.
	Repeats bool

	entries [][]setEntry // all but the last of entriesAtOnce
	count   int
	text    slab // names and aliases
	lists   addressLists
	names   nameIndex
	joined  joinedAddresses

	record, folded, other []byte // room to work in
}

// A setEntry is a target of a set. There are many, so it is small.
type setEntry struct {
	text slabRef // of its name and alias
	list slabRef // of its addresses, without those that joined them
	hash uint32  // of its folded name, hashBits of it, and the following
}

const (
	hashBits  = 1<<30 - 1
	isImplied = 1 << 30 // no address was sent of it so far
	isFolded  = 1 << 31 // name.Fold changes nothing of the name
)

// What a value of each type takes, in bytes.
var (
	setSize     = int(reflect.TypeFor[Set]().Size())
	entrySize   = int(reflect.TypeFor[setEntry]().Size())
	targetSize  = int(reflect.TypeFor[Target]().Size())
	addressSize = int(reflect.TypeFor[Address]().Size())
)

// entriesAtOnce is how many targets a set makes room for at once.
const entriesAtOnce = 1024

// Add takes the targets of a list from one index to before another.
func (s *Set) Add(l *List, from, to int) {
	for i := from; i < to; i++ {
		e := &l.entries[i]
		if i == from || e.from != l.entries[i-1].from || e.to != l.entries[i-1].to {
			s.lists.take(l.addresses[e.from:e.to])
		}
		s.add(l, i)
	}
}

// add takes one target, whose addresses are the list at hand.
func (s *Set) add(l *List, i int) {
	name, e := l.Name(i), setEntry{}
	if !s.Repeats {
		folded := s.fold(&s.folded, name)
		e.hash = s.names.hash(folded)
		if at, known := s.find(folded, e.hash); known {
			s.merge(at, l, i)
			return
		}
		if string(folded) == string(name) {
			e.hash |= isFolded
		}
	}
	if l.entries[i].implied {
		e.hash |= isImplied
	}
	e.text, e.list = s.keep(name, l.Alias(i)), s.lists.keep()
	s.enter(e)
}

// enter adds an entry.
func (s *Set) enter(e setEntry) {
	if s.count%entriesAtOnce == 0 {
		s.entries = append(s.entries, nil)
	}
	last := &s.entries[len(s.entries)-1]
	if len(*last) == cap(*last) { // append would make too much room
		more := make([]setEntry, len(*last), min(max(4, 2*cap(*last)), entriesAtOnce))
		copy(more, *last)
		*last = more
	}
	*last = append(*last, e)
	s.count++
}

// keep keeps a name and an alias.
func (s *Set) keep(name, alias []byte) slabRef {
	s.record = binary.AppendUvarint(s.record[:0], uint64(len(name)))
	s.record = binary.AppendUvarint(s.record, uint64(len(alias)))
	s.record = append(append(s.record, name...), alias...)
	return s.text.add(s.record)
}

// merge takes a target whose name is there.
func (s *Set) merge(at int, l *List, i int) {
	e := s.entry(at)
	if alias := l.Alias(i); len(alias) > 0 && s.Alias(at) == "" {
		e.text = s.keep([]byte(s.Name(at)), alias)
	}
	addresses := l.Addresses(i)
	switch {
	case l.entries[i].implied:
		return
	case e.hash&isImplied != 0 && areDistinct(addresses):
		e.hash &^= isImplied
		e.list = s.lists.keep()
		return
	case e.hash&isImplied != 0:
		e.hash &^= isImplied
		e.list = s.lists.none()
	case s.lists.kept && s.lists.ref == e.list:
		return // all are there
	}
	s.join(at, addresses)
}

func (s *Set) entry(i int) *setEntry { return &s.entries[i/entriesAtOnce][i%entriesAtOnce] }

// Size returns how many bytes of memory the set takes.
func (s *Set) Size() int64 {
	last := 0
	if n := len(s.entries); n > 0 {
		last = cap(s.entries[n-1]) - entriesAtOnce
	}
	n := setSize + entrySize*(len(s.entries)*entriesAtOnce+last)
	return int64(n + s.text.bytes + s.lists.bytes + cap(s.lists.text) + s.names.size() + s.joined.size())
}
