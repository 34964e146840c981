package target

import (
	"iter"
	"slices"
)

// Len returns how many targets there are.
func (s *Set) Len() int { return s.count }

// Name returns the name of target i, as it was sent first. Names, aliases and hosts
// share pieces of memory.
func (s *Set) Name(i int) string {
	name, _ := s.texts(i)
	return name
}

// Alias returns the alias of target i.
func (s *Set) Alias(i int) string {
	_, alias := s.texts(i)
	return alias
}

func (s *Set) texts(i int) (name, alias string) {
	n, rest := takeLength(s.text.at(s.entry(i).text))
	m, rest := takeLength(rest)
	return rest[:n], rest[n : n+m]
}

// Addresses yields the addresses of target i.
func (s *Set) Addresses(i int) iter.Seq[Address] {
	return func(yield func(Address) bool) {
		for raw := range s.raws(i) {
			if !yield(address(raw)) {
				return
			}
		}
	}
}

// SameAddresses reports that two targets have the same addresses. Where it is not
// sure it says no: it does not look at the addresses, and costs next to nothing.
func (s *Set) SameAddresses(i, j int) bool {
	return s.entry(i).list == s.entry(j).list && !s.joined.any(i) && !s.joined.any(j)
}

// What AppendTo adds at once.
const (
	usualTargets   = 1024
	usualAddresses = 4096
)

// AppendTo adds targets of the set to a list, from target i on: one, and more as long
// as the list has no more than is usual. It returns the index of the next.
func (s *Set) AppendTo(l *List, i int) (next int) {
	for first := i; i < s.count; i++ {
		name, alias := s.texts(i)
		e := listEntry{implied: s.entry(i).hash&isImplied != 0}
		l.text = append(l.text, name...)
		e.alias = uint32(len(l.text))
		l.text = append(l.text, alias...)
		e.end = uint32(len(l.text))
		if i > first && s.SameAddresses(i-1, i) {
			last := l.entries[len(l.entries)-1]
			e.from, e.to = last.from, last.to
		} else {
			e.from = uint32(len(l.addresses))
			l.addresses = slices.AppendSeq(l.addresses, s.Addresses(i))
			e.to = uint32(len(l.addresses))
		}
		if l.entries = append(l.entries, e); len(l.entries) >= usualTargets || len(l.addresses) >= usualAddresses {
			return i + 1
		}
	}
	return i
}

// Targets returns the targets as values that stay valid, and do not change when more
// are added. Targets at the same addresses may share the memory of these: they can be
// appended to, but not changed in place.
func (s *Set) Targets() []Target {
	if s.count == 0 {
		return nil
	}
	all := make([]Target, s.count)
	var lately [maxTails]struct {
		list      slabRef
		addresses []Address
	}
	next := 0
	for i := range all {
		t := &all[i]
		t.Name, t.Alias = s.texts(i)
		if i > 0 && s.SameAddresses(i-1, i) {
			t.Addresses = all[i-1].Addresses
			continue
		}
		list, joined, n := s.entry(i).list, s.joined.any(i), 0
		if joined {
			n = s.joined.joints[i].count
		} else {
			n = s.lists.len(list)
		}
		for _, known := range lately {
			if !joined && known.list == list && known.addresses != nil {
				t.Addresses = known.addresses
				break
			}
		}
		if t.Addresses != nil {
			continue
		}
		t.Addresses = slices.Clip(slices.AppendSeq(make([]Address, 0, n), s.Addresses(i)))
		if !joined {
			lately[next].list, lately[next].addresses = list, t.Addresses
			next = (next + 1) % len(lately)
		}
	}
	return all
}

// TargetsSize returns how many bytes of memory the values of Targets take beside those
// of the set.
func (s *Set) TargetsSize() int64 {
	return int64(targetSize*s.count + addressSize*s.lists.addresses)
}
