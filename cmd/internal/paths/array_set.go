package paths

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// An arraySet gathers portals into arrays. Each portal begins as one of its own.
type arraySet struct {
	parent  []int    // by column; of a first portal itself
	prefix  []string // by first portal: what the names of its targets have in common
	targets []int    // by first portal
}

// grow makes the set one of n portals.
func (s *arraySet) grow(n int) {
	s.parent, s.prefix, s.targets = make([]int, n), make([]string, n), make([]int, n)
	for i := range s.parent {
		s.parent[i] = i
	}
}

// first returns the first portal of an array.
func (s *arraySet) first(i int) int {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

// join makes two arrays one.
func (s *arraySet) join(a, b int) {
	if a, b = s.first(a), s.first(b); a == b {
		return
	}
	a, b = min(a, b), max(a, b)
	s.parent[b] = a
	switch {
	case s.targets[a] == 0:
		s.prefix[a] = s.prefix[b]
	case s.targets[b] > 0:
		s.prefix[a] = common(s.prefix[a], s.prefix[b])
	}
	s.targets[a] += s.targets[b]
}

// add takes a target that is known at the portals of some columns: they are of one array,
// and so are the portals of the addresses that it advertises.
func (s *arraySet) add(t *registry.KnownTarget, columns []int, colAt map[place]int) {
	for _, c := range columns[1:] {
		s.join(columns[0], c)
	}
	for i := range t.Mechanisms {
		m := &t.Mechanisms[i]
		if m.Static || m.Stale || !m.MissingSince.IsZero() {
			continue
		}
		for _, a := range m.Addresses {
			if c, ok := colAt[placeOf(initiator.Portal{Address: a.Host, Port: a.Port})]; ok {
				s.join(columns[0], c)
			}
		}
	}
	at := s.first(columns[0])
	if s.prefix[at] = common(s.prefix[at], t.Name); s.targets[at] == 0 {
		s.prefix[at] = t.Name
	}
	s.targets[at]++
}

// common returns what two names begin with in common.
func common(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// arrange orders the columns by arrays: those with targets first, in the order in which
// the registry has their portals, then the others by subnet.
func (s *arraySet) arrange(m *Matrix) {
	arrays := make(map[string]int)
	of := make([]int, len(m.Columns))
	for pass := range 2 {
		for c := range m.Columns {
			first := s.first(c)
			known := s.targets[first] > 0
			if known != (pass == 0) {
				continue
			}
			name, key := s.name(first), "array "+m.Columns[first].Portal.String()
			if !known {
				name = subnet(m.Columns[c].Portal)
				key = "subnet " + name
			}
			i, ok := arrays[key]
			if !ok {
				i = len(m.Arrays)
				arrays[key] = i
				m.Arrays = append(m.Arrays, Array{Name: name, Targets: s.targets[first]})
			}
			of[c] = i
			m.Arrays[i].Columns++
		}
	}
	order := make([]int, len(m.Columns))
	for c := range order {
		order[c] = c
		m.Columns[c].Array = of[c]
	}
	slices.SortStableFunc(order, func(a, b int) int { return of[a] - of[b] })
	m.Columns = permuted(m.Columns, order)
	for r := range m.Cells {
		m.Cells[r] = permuted(m.Cells[r], order)
	}
}

func permuted[T any](from []T, order []int) []T {
	to := make([]T, len(from))
	for i, o := range order {
		to[i] = from[o]
	}
	return to
}

// name returns the name of an array: what the names of its targets begin with, up to the
// end of a word where the part behind the naming authority has several.
func (s *arraySet) name(first int) string {
	const separators, least = ":.-_", len("iqn.2026-11.x")
	p := s.prefix[first]
	if s.targets[first] == 1 {
		return p
	}
	authority, own, _ := strings.Cut(p, ":")
	if end := strings.LastIndexAny(own, separators); end > 0 {
		own = own[:end]
	}
	switch own = strings.TrimRight(own, separators); {
	case own != "":
		return authority + ":" + own
	case len(authority) < least:
		return "several naming authorities"
	}
	return strings.TrimRight(authority, separators)
}

// The length of the subnets by which portals are gathered.
const subnetBits4, subnetBits6 = 24, 64

// subnet returns the subnet of a portal that nothing is known of, or its name.
func subnet(p initiator.Portal) string {
	addr, err := netip.ParseAddr(p.Address)
	if err != nil {
		return "by name"
	}
	addr = addr.Unmap()
	n := subnetBits6
	if addr.Is4() {
		n = subnetBits4
	}
	prefix, _ := addr.WithZone("").Prefix(n) // n is right for each of the families
	return prefix.String()
}
