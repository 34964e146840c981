package stream

import "hash/maphash"

// A LineSet tells lines that were there from new ones, in a few bytes for each: it
// keeps hashes. Two lines are taken for one once in 2^64. The zero value is empty.
type LineSet struct {
	seed  maphash.Seed
	slots []uint64 // hashes; 0: free
	used  int
}

// Enter reports whether a line is new, and makes it one that was there.
func (s *LineSet) Enter(line []byte) bool {
	if s.slots == nil {
		s.seed = maphash.MakeSeed()
	}
	if 4*(s.used+1) > 3*len(s.slots) {
		old := s.slots
		s.slots = make([]uint64, max(64, 2*len(old)))
		for _, hash := range old {
			if hash != 0 {
				s.place(hash)
			}
		}
	}
	hash := max(maphash.Bytes(s.seed, line), 1)
	if !s.place(hash) {
		return false
	}
	s.used++
	return true
}

// place puts a hash into its slot, and reports whether it was not there.
func (s *LineSet) place(hash uint64) bool {
	mask := uint64(len(s.slots) - 1)
	at := hash & mask
	for ; s.slots[at] != 0; at = (at + 1) & mask {
		if s.slots[at] == hash {
			return false
		}
	}
	s.slots[at] = hash
	return true
}

// IsFull reports that n more lines would take more memory than room, in bytes.
func (s *LineSet) IsFull(n, room int) bool {
	return 4*(s.used+n) > 3*len(s.slots) && 2*8*len(s.slots) > room
}

// Len returns how many lines were there.
func (s *LineSet) Len() int { return s.used }
