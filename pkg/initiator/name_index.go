package initiator

import "hash/maphash"

// A nameIndex finds targets by their folded names in a few bytes each: a list can
// be a million long. The zero value is ready to use.
type nameIndex struct {
	seed  maphash.Seed
	slots []uint32 // one more than the index of a target; 0: free
	used  int
}

// find returns the index of the target with a name, or enters next as that. name
// returns the folded name of a target that was entered.
func (x *nameIndex) find(folded string, next int, name func(i int) string) (i int, known bool) {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.grow(name)
	}
	slot := x.slot(folded)
	for x.slots[slot] != 0 {
		if i := int(x.slots[slot] - 1); name(i) == folded {
			return i, true
		}
		slot = (slot + 1) & (len(x.slots) - 1)
	}
	x.slots[slot] = uint32(next) + 1
	x.used++
	return next, false
}

// slot returns where to look for a name first.
func (x *nameIndex) slot(folded string) int {
	return int(maphash.String(x.seed, folded) & uint64(len(x.slots)-1))
}

// grow doubles the slots.
func (x *nameIndex) grow(name func(i int) string) {
	old := x.slots
	if old == nil {
		x.seed = maphash.MakeSeed()
	}
	x.slots = make([]uint32, max(8, 2*len(old)))
	for _, entry := range old {
		if entry == 0 {
			continue
		}
		slot := x.slot(name(int(entry - 1)))
		for x.slots[slot] != 0 {
			slot = (slot + 1) & (len(x.slots) - 1)
		}
		x.slots[slot] = entry
	}
}
