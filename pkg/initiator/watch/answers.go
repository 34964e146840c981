package watch

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// answers are the answers that are remembered. Each is there once, however many entries
// saw it.
type answers struct {
	limit int64 // of used
	used  int64 // bytes, about
	known map[digest]*answer
	seed  maphash.Seed
	begun bool

	named           []named // room to work in
	text, canonical []byte
}

// A digest tells answers apart. It does not depend on the order of the targets, nor on
// that of a target's addresses.
type digest [sha256.Size]byte

// An answer is what a portal answered.
type answer struct {
	digest digest
	count  int    // targets
	text   string // of them, see appendTarget; empty: there was no room for it
	uses   int    // entries that remember it
}

// answerSize is about what an answer takes beside its text, with its place in the map.
const answerSize = 256

// whole reports that the targets of a are remembered.
func (a *answer) whole() bool { return a.count == 0 || a.text != "" }

// A named is a target with its folded name.
type named struct {
	folded string
	*target.Target
}

func (m *answers) begin() {
	if !m.begun {
		m.begun, m.seed, m.known = true, maphash.MakeSeed(), make(map[digest]*answer)
	}
}

// remember returns the answer that has targets, which one more entry remembers then.
func (m *answers) remember(targets []target.Target) *answer {
	m.begin()
	m.encode(targets)
	d := digest(sha256.Sum256(m.canonical))
	a := m.known[d]
	if a == nil {
		a = &answer{digest: d, count: len(m.named)}
		m.known[d] = a
		m.used += answerSize
	}
	a.uses++
	if size := int64(len(m.text)); !a.whole() && m.used+size <= m.limit {
		a.text = string(m.text)
		m.used += size
	}
	clear(m.named)
	const keep = 1 << 20 // of the room; the answer of one portal in many may be huge
	if cap(m.text) > keep {
		m.named, m.text, m.canonical = nil, nil, nil
	}
	return a
}

// release says that one entry less remembers an answer; nil: it remembered none.
func (m *answers) release(a *answer) {
	if a == nil {
		return
	}
	if a.uses--; a.uses == 0 {
		delete(m.known, a.digest)
		m.used -= answerSize + int64(len(a.text))
	}
}

// encode puts the text of targets into m.text, each name once, and the form in which it
// does not depend on the order of addresses into m.canonical.
func (m *answers) encode(targets []target.Target) {
	m.named = slices.Grow(m.named[:0], len(targets))
	for i := range targets {
		m.named = append(m.named, named{name.Fold(targets[i].Name), &targets[i]})
	}
	slices.SortStableFunc(m.named, func(a, b named) int { return cmp.Compare(a.folded, b.folded) })
	m.named = slices.CompactFunc(m.named, func(a, b named) bool { return a.folded == b.folded })
	m.text, m.canonical = m.text[:0], m.canonical[:0]
	var before, sortedBefore []target.Address
	for i, t := range m.named {
		addresses := t.Addresses
		if !slices.IsSortedFunc(addresses, compareAddresses) {
			addresses = slices.SortedFunc(slices.Values(addresses), compareAddresses)
		}
		m.text = appendTarget(m.text, t.Target, t.Addresses, i > 0 && slices.Equal(t.Addresses, before))
		m.canonical = appendTarget(m.canonical, t.Target, addresses, i > 0 && slices.Equal(addresses, sortedBefore))
		before, sortedBefore = t.Addresses, addresses
	}
}

func compareAddresses(a, b target.Address) int {
	return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Unusable, b.Unusable))
}

// appendTarget appends a target to b: name, alias, and the addresses with their number
// before them, which is 0 where they are those of the target before.
func appendTarget(b []byte, t *target.Target, addresses []target.Address, same bool) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(t.Name))), t.Name...)
	b = append(binary.AppendUvarint(b, uint64(len(t.Alias))), t.Alias...)
	if same && len(addresses) > 0 {
		return binary.AppendUvarint(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(addresses))+1)
	for _, a := range addresses {
		b = append(binary.AppendUvarint(b, uint64(len(a.Host))), a.Host...)
		b = binary.AppendUvarint(b, uint64(a.Port))
		b = binary.AppendUvarint(b, uint64(a.Group-target.NoGroup))
		b = append(b, byte(a.Unusable))
	}
	return b
}

// targets returns the targets of a. Their names share its memory.
func (a *answer) targets() []target.Target {
	all := make([]target.Target, 0, a.count)
	r := textReader(a.text)
	var addresses []target.Address
	for len(r) > 0 {
		t := target.Target{Name: r.text(), Alias: r.text()}
		if n := r.number(); n > 0 {
			addresses = make([]target.Address, 0, n-1)
			for range n - 1 {
				a := target.Address{Host: r.text(), Port: uint16(r.number())}
				a.Group = int(r.number()) + target.NoGroup
				a.Unusable = target.Unusable(r[0])
				r = r[1:]
				addresses = append(addresses, a)
			}
		}
		t.Addresses = addresses[:len(addresses):len(addresses)]
		all = append(all, t)
	}
	return all
}

// A textReader is what is left of a text.
type textReader string

func (r *textReader) number() (n uint64) {
	for shift := 0; ; shift += 7 {
		b := (*r)[0]
		*r = (*r)[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (r *textReader) text() string {
	n := r.number()
	s := (*r)[:n]
	*r = (*r)[n:]
	return string(s)
}

// sum returns a number that tells answers apart as they came, in their order. It is
// faster than a digest.
func (m *answers) sum(targets []target.Target) uint64 {
	m.begin()
	var h maphash.Hash
	h.SetSeed(m.seed)
	var b [16]byte
	for i := range targets {
		t := &targets[i]
		h.WriteString(t.Name)
		h.WriteByte(0)
		h.WriteString(t.Alias)
		h.WriteByte(0)
		for j := range t.Addresses {
			a := &t.Addresses[j]
			h.WriteString(a.Host)
			h.Write(append(binary.LittleEndian.AppendUint32(append(b[:0], 0, byte(a.Unusable), byte(a.Port), byte(a.Port>>8)), uint32(a.Group)), 1))
		}
		h.WriteByte(2)
	}
	return h.Sum64()
}

// nameSum returns a number that tells folded names apart.
func (m *answers) nameSum(folded string) uint64 {
	m.begin()
	return maphash.String(m.seed, folded)
}
