package target

import "slices"

// A List is targets, in little memory. Nothing is allocated for a target once the list
// has grown. The zero value is empty. All that its methods return but for [List.Target]
// is valid until the list changes.
type List struct {
	entries   []listEntry
	text      []byte    // names and aliases
	addresses []Address // of all targets
}

// A listEntry is a target of a list. The fields are as small as they are since
// there are many.
type listEntry struct {
	alias, end uint32 // in text: of the alias, and of what follows it; the name is before
	from, to   uint32 // of the addresses
	implied    bool   // its address is the portal in use, and was perhaps not sent
}

// Len returns how many targets there are.
func (l *List) Len() int { return len(l.entries) }

// Name returns the name of target i, as sent: one that CheckName lets pass.
func (l *List) Name(i int) []byte {
	start, end := uint32(0), l.entries[i].alias
	if i > 0 {
		start = l.entries[i-1].end
	}
	return l.text[start:end:end]
}

// Alias returns the alias of target i: free text of the target's, valid UTF-8;
// mostly empty.
func (l *List) Alias(i int) []byte {
	e := &l.entries[i]
	return l.text[e.alias:e.end:e.end]
}

// Addresses returns the addresses of target i, in the order of the answer; never
// empty but where [List.Add] was given none. Where they are those of the target
// before, they are the same memory.
func (l *List) Addresses(i int) []Address {
	e := &l.entries[i]
	return l.addresses[e.from:e.to:e.to]
}

// Implied reports that target i came without an address, and its one address is the
// portal in use.
func (l *List) Implied(i int) bool { return l.entries[i].implied }

// Target returns a copy of target i, which stays valid.
func (l *List) Target(i int) Target {
	return Target{Name: string(l.Name(i)), Alias: string(l.Alias(i)), Addresses: append([]Address(nil), l.Addresses(i)...)}
}

// Add adds a copy of a target. A list has room for 4 GiB of names and aliases.
func (l *List) Add(t *Target) {
	l.Append(&Record{Name: []byte(t.Name), Alias: []byte(t.Alias), Addresses: t.Addresses})
}

// Append adds a copy of a record.
func (l *List) Append(t *Record) {
	text := append(l.text, t.Name...)
	alias := len(text)
	if len(t.Alias) > 0 {
		text = append(text, t.Alias...)
	}
	l.text = text
	from, to := uint32(len(l.addresses)), uint32(0)
	if last := len(l.entries) - 1; last >= 0 && slices.Equal(t.Addresses, l.Addresses(last)) {
		from, to = l.entries[last].from, l.entries[last].to
	} else {
		l.addresses = append(l.addresses, t.Addresses...)
		to = uint32(len(l.addresses))
	}
	// Written field by field, since there are many.
	l.entries = append(l.entries, listEntry{})
	e := &l.entries[len(l.entries)-1]
	e.alias, e.end, e.from, e.to, e.implied = uint32(alias), uint32(len(text)), from, to, t.Implied
}

// add adds a target. Its addresses are those of all from index from on, unless they are
// those of the last target.
func (l *List) add(name, alias []byte, from int, implied bool) {
	e := listEntry{from: uint32(from), to: uint32(len(l.addresses)), implied: implied}
	if last := len(l.entries) - 1; last >= 0 && slices.Equal(l.addresses[from:], l.Addresses(last)) {
		l.addresses = l.addresses[:from]
		e.from, e.to = l.entries[last].from, l.entries[last].to
	}
	l.text = append(l.text, name...)
	if e.alias = uint32(len(l.text)); len(alias) > 0 {
		l.text = append(l.text, alias...)
	}
	e.end = uint32(len(l.text))
	l.entries = append(l.entries, e)
}

// dropLast removes the last target.
func (l *List) dropLast() {
	last := len(l.entries) - 1
	from, text := uint32(0), uint32(0)
	if last > 0 {
		from, text = l.entries[last-1].to, l.entries[last-1].end
	}
	l.entries, l.text, l.addresses = l.entries[:last], l.text[:text], l.addresses[:from]
}

// AddTarget adds a copy of target i of another list, with other addresses.
func (l *List) AddTarget(from *List, i int, addresses []Address) {
	l.Append(&Record{Name: from.Name(i), Alias: from.Alias(i), Addresses: addresses, Implied: from.entries[i].implied})
}

// Clone returns a copy of l that shares no memory with it, but for host names.
func (l *List) Clone() List {
	return List{slices.Clone(l.entries), slices.Clone(l.text), slices.Clone(l.addresses)}
}

// Reset empties l, and keeps its memory. What the addresses point to is given up.
func (l *List) Reset() {
	clear(l.addresses)
	l.entries, l.text, l.addresses = l.entries[:0], l.text[:0], l.addresses[:0]
}

// Size returns about how many bytes of memory l has.
func (l *List) Size() int { return cap(l.text) + 20*cap(l.entries) + 32*cap(l.addresses) }
