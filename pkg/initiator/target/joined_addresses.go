package target

import (
	"hash/maphash"
	"iter"
)

// joinedAddresses are what joined the addresses of targets when their names came
// again.
type joinedAddresses struct {
	joints map[int]*joint // by target
	lists  int            // in them

	// What is known of targets that have many addresses: a hash of each, with the
	// target's index. Two of them are taken for one once in 2^64.
	seed  maphash.Seed
	known []uint64 // open addressing; 0: free
	used  int
}

// A joint is what joined the addresses of one target.
type joint struct {
	lists []slabRef // each of one address
	count int       // of all addresses of the target
	known bool      // they are among the hashes
}

// jointSize is about what a joint takes in memory, with its place in a map, in bytes.
const jointSize = 112

// any reports that something joined the addresses of a target.
func (j *joinedAddresses) any(target int) bool { return len(j.joints) > 0 && j.joints[target] != nil }

// size returns how many bytes of memory it has, about.
func (j *joinedAddresses) size() int {
	return jointSize*len(j.joints) + 8*j.lists + 8*len(j.known)
}

// raws yields the addresses of target i as they are in lists.
func (s *Set) raws(i int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for raw := range s.lists.raws(s.entry(i).list) {
			if !yield(raw) {
				return
			}
		}
		if !s.joined.any(i) {
			return
		}
		for _, ref := range s.joined.joints[i].lists {
			for raw := range s.lists.raws(ref) {
				if !yield(raw) {
					return
				}
			}
		}
	}
}

// join gives target i the addresses that it does not have yet.
func (s *Set) join(i int, addresses []Address) {
	j := s.joined.joints[i]
	for k := range addresses {
		s.record = appendRaw(append(s.record[:0], 1), &addresses[k]) // a list of one
		count := 0
		if j != nil {
			count = j.count
		} else {
			count = s.lists.len(s.entry(i).list)
		}
		if j == nil || !j.known {
			if count < fewAddresses && s.hasRaw(i, s.record[1:]) {
				continue
			}
			if j == nil {
				j = s.joined.begin(i, count)
			}
			if count >= fewAddresses {
				s.know(i, j)
			}
		}
		if j.known && !s.joined.enter(i, maphash.Bytes(s.joined.seed, s.record[1:])) {
			continue
		}
		j.lists = append(j.lists, s.lists.add(s.record))
		j.count++
		s.joined.lists++
		s.lists.addresses++
	}
}

// hasRaw looks through the addresses of target i.
func (s *Set) hasRaw(i int, raw []byte) bool {
	for have := range s.raws(i) {
		if have == string(raw) {
			return true
		}
	}
	return false
}

// know enters the hashes of all addresses that target i has.
func (s *Set) know(i int, j *joint) {
	for raw := range s.raws(i) {
		s.joined.enter(i, maphash.String(s.joined.seed, raw))
	}
	j.known = true
}

// begin makes the joint of a target that has that many addresses.
func (j *joinedAddresses) begin(target, count int) *joint {
	if j.joints == nil {
		j.joints = make(map[int]*joint)
		j.seed = maphash.MakeSeed()
	}
	made := &joint{count: count}
	j.joints[target] = made
	return made
}

// enter enters the hash of an address of a target, and reports whether it is new.
func (j *joinedAddresses) enter(target int, hash uint64) bool {
	if hash ^= uint64(target) * 0x9e3779b97f4a7c15; hash == 0 {
		hash = 1
	}
	if 4*(j.used+1) > 3*len(j.known) {
		j.grow()
	}
	if !place(j.known, hash) {
		return false
	}
	j.used++
	return true
}

// grow doubles the room for hashes.
func (j *joinedAddresses) grow() {
	more := make([]uint64, max(64, 2*len(j.known)))
	for _, hash := range j.known {
		if hash != 0 {
			place(more, hash)
		}
	}
	j.known = more
}

// place puts a hash into a table that has room, and reports whether it is new.
func place(table []uint64, hash uint64) bool {
	mask := uint64(len(table) - 1)
	at := hash & mask
	for ; table[at] != 0; at = (at + 1) & mask {
		if table[at] == hash {
			return false
		}
	}
	table[at] = hash
	return true
}
