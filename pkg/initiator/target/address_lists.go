package target

import (
	"encoding/binary"
	"iter"
	"slices"
)

// addressLists keep lists of addresses as bytes. A list that was there lately is
// kept once: the targets of an answer mostly share a few.
type addressLists struct {
	slab
	addresses int // in all lists that are kept

	// The list at hand, which is kept when it is asked for.
	text  []byte
	count int
	ref   slabRef
	kept  bool

	recent [maxTails]slabRef // lists that were kept last
	some   int               // how many these are
	next   int               // which of them makes place
}

// take makes a list the one at hand.
func (l *addressLists) take(addresses []Address) {
	l.text = binary.AppendUvarint(l.text[:0], uint64(len(addresses)))
	for i := range addresses {
		l.text = appendRaw(l.text, &addresses[i])
	}
	l.count, l.kept = len(addresses), false
	for _, ref := range l.recent[:l.some] {
		if s := l.at(ref); len(s) >= len(l.text) && s[:len(l.text)] == string(l.text) {
			l.ref, l.kept = ref, true
			return
		}
	}
}

// keep returns where the list at hand is.
func (l *addressLists) keep() slabRef {
	if l.kept {
		return l.ref
	}
	l.ref, l.kept = l.add(l.text), true
	l.addresses += l.count
	if l.some < len(l.recent) {
		l.some++
	}
	l.recent[l.next] = l.ref
	l.next = (l.next + 1) % len(l.recent)
	return l.ref
}

// none returns a list of no addresses.
func (l *addressLists) none() slabRef { return l.add([]byte{0}) }

// appendRaw appends an address as it is in a list.
func appendRaw(b []byte, a *Address) []byte {
	b = binary.BigEndian.AppendUint16(b, a.Port)
	b = append(b, byte(a.Unusable), byte(a.Reach))
	b = binary.AppendVarint(b, int64(a.Group))
	b = binary.AppendUvarint(b, uint64(len(a.Host)))
	return append(b, a.Host...)
}

// takeRaw returns an address that a text begins with, and what follows.
func takeRaw(s string) (raw, rest string) {
	_, t := takeLength(s[4:])
	n, t := takeLength(t)
	n += len(s) - len(t)
	return s[:n], s[n:]
}

// address returns what an address in a list means. It shares the memory of the list.
func address(raw string) Address {
	a := Address{Port: uint16(raw[0])<<8 | uint16(raw[1]), Unusable: Unusable(raw[2]), Reach: Reach(raw[3])}
	group, host := takeLength(raw[4:])
	a.Group = int(uint(group)>>1) ^ -(group & 1)
	_, a.Host = takeLength(host)
	return a
}

// raws yields the addresses of a list.
func (l *addressLists) raws(ref slabRef) iter.Seq[string] {
	return func(yield func(string) bool) {
		n, rest := takeLength(l.at(ref))
		for raw := ""; n > 0; n-- {
			if raw, rest = takeRaw(rest); !yield(raw) {
				return
			}
		}
	}
}

// len returns how many addresses a list has.
func (l *addressLists) len(ref slabRef) int {
	n, _ := takeLength(l.at(ref))
	return n
}

// areDistinct reports that no address is there twice. It says no where there are
// many.
func areDistinct(addresses []Address) bool {
	if len(addresses) > fewAddresses {
		return false
	}
	for i := range addresses {
		if slices.Contains(addresses[:i], addresses[i]) {
			return false
		}
	}
	return true
}
