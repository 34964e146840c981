package target

import (
	"hash/maphash"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// A nameIndex finds the targets of a set by the hashes of their folded names, in a few
// bytes each: a list can be a million long. The zero value is ready to use.
type nameIndex struct {
	seed maphash.Seed

	// One more than the index of a target, in as many bits as it takes to count the
	// slots; above them, what the hash of its name has there. 0: free.
	slots []uint32
}

// hash returns the hash of a folded name.
func (x *nameIndex) hash(folded []byte) uint32 {
	if x.slots == nil {
		x.seed = maphash.MakeSeed()
		x.slots = make([]uint32, 8)
	}
	return uint32(maphash.Bytes(x.seed, folded)) & hashBits
}

// size returns how many bytes of memory it has.
func (x *nameIndex) size() int { return 4 * len(x.slots) }

// look returns which target has a name, or the slot where it is to be entered.
func (s *Set) look(folded []byte, hash uint32) (i int, known bool, free uint32) {
	slots := s.names.slots
	mask := uint32(len(slots) - 1)
	at := hash & mask
	for ; slots[at] != 0; at = (at + 1) & mask {
		if slot := slots[at]; (slot^hash)&^mask == 0 && s.isNamed(int(slot&mask)-1, folded) {
			return int(slot&mask) - 1, true, at
		}
	}
	return 0, false, at
}

// find returns which target has a name, or enters the next as that.
func (s *Set) find(folded []byte, hash uint32) (i int, known bool) {
	if 4*(s.count+1) > 3*len(s.names.slots) {
		s.growIndex()
	}
	i, known, free := s.look(folded, hash)
	if !known {
		slots := s.names.slots
		slots[free] = uint32(s.count) + 1 | hash&^uint32(len(slots)-1)
	}
	return i, known
}

// Find returns which target has a name, in whatever case; false: none, or the set has
// Repeats.
func (s *Set) Find(name []byte) (i int, ok bool) {
	if s.count == 0 || s.Repeats {
		return 0, false
	}
	folded := s.fold(&s.folded, name)
	i, ok, _ = s.look(folded, s.names.hash(folded))
	return i, ok
}

// growIndex doubles the slots.
func (s *Set) growIndex() {
	slots := make([]uint32, 2*len(s.names.slots))
	mask := uint32(len(slots) - 1)
	for i := range s.count {
		hash := s.entry(i).hash & hashBits
		at := hash & mask
		for slots[at] != 0 {
			at = (at + 1) & mask
		}
		slots[at] = uint32(i) + 1 | hash&^mask
	}
	s.names.slots = slots
}

// isNamed reports whether target i has a name.
func (s *Set) isNamed(i int, folded []byte) bool {
	name := s.Name(i)
	if s.entry(i).hash&isFolded != 0 {
		return name == string(folded)
	}
	return string(s.fold(&s.other, []byte(name))) == string(folded)
}

// fold is name.Fold in memory that is reused.
func (s *Set) fold(room *[]byte, iqn []byte) []byte {
	upper := false
	for _, c := range iqn {
		if c >= utf8.RuneSelf {
			*room = append((*room)[:0], name.Fold(string(iqn))...)
			return *room
		}
		upper = upper || 'A' <= c && c <= 'Z'
	}
	if !upper {
		return iqn
	}
	*room = append((*room)[:0], iqn...)
	for i, c := range *room {
		if 'A' <= c && c <= 'Z' {
			(*room)[i] = c + 'a' - 'A'
		}
	}
	return *room
}
