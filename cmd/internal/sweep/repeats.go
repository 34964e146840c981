package sweep

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"sort"
	"strings"
)

// Repeats says which portals of a command line are there already, so that each is asked
// once and reported at each of its places: the same address at the same TCP port and in the
// same zone, however it is written and in whichever block; or a host name with the same
// text, since two names may have one address and yet get different answers. Nil: each
// portal is there once.
//
// Blocks are compared as intervals, so that no address of a block takes memory.
type Repeats struct {
	// Asked has the first place of each portal.
	Asked *Portals

	portals *Portals
	shifts  []shift // of the entries of Asked
	runs    []run   // by first; none overlaps another

	starts, ends []int // of the first places of runs, each in order
	byOf         []run // in the order of the first places
	reach        []int // up to which first place these go, and all before them
}

// A run is count portals, one after the other, which are the same as count earlier ones.
type run struct{ first, of, count int }

// A shift is by how much the portals of an entry of Asked have a higher index in all
// portals.
type shift struct{ first, by int }

// A span is what an entry names, as an interval of addresses.
type span struct {
	low   [16]byte
	scope int32 // where the zone begins in the text of the portal, or the host name does
	count int32
	entry int32
}

// last returns the last address of a span.
func (s *span) last() netip.Addr { return plus(netip.AddrFrom16(s.low), uint64(s.count-1)) }

// NewRepeats compares the portals of a command line.
func NewRepeats(p *Portals) *Repeats {
	if len(p.entries) < 2 {
		return nil
	}
	spans := make([]span, len(p.entries))
	for i := range p.entries {
		spans[i] = p.span(i)
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(p.compareScopes(&a, &b), bytes.Compare(a.low[:], b.low[:]), cmp.Compare(a.entry, b.entry))
	})
	r := &Repeats{portals: p}
	for from := 0; from < len(spans); {
		to := from + 1
		for to < len(spans) && p.compareScopes(&spans[from], &spans[to]) == 0 {
			to++
		}
		r.addRuns(spans[from:to])
		from = to
	}
	if r.runs == nil {
		return nil
	}
	r.settle()
	return r
}

// span returns what an entry names.
func (p *Portals) span(i int) span {
	e := &p.entries[i]
	s := span{count: 1, entry: int32(i)}
	if e.block != nil {
		s.low, s.count = e.block.First.As16(), int32(e.block.Count)
		return s
	}
	if addr, err := netip.ParseAddr(e.portal.Address); err == nil {
		s.low, s.scope = addr.As16(), int32(len(e.portal.Address)-len(addr.Zone()))
	}
	return s
}

// compareScopes compares what has to be the same of two spans besides their addresses: the
// TCP port, and the zone or the host name.
func (p *Portals) compareScopes(a, b *span) int {
	of := func(s *span) (port uint16, scope string, isHost bool) {
		e := &p.entries[s.entry]
		if e.block != nil {
			return e.block.port, "", false
		}
		return e.portal.Port, e.portal.Address[s.scope:], s.scope == 0
	}
	portA, scopeA, hostA := of(a)
	portB, scopeB, hostB := of(b)
	return cmp.Or(cmp.Compare(portA, portB), boolCompare(hostA, hostB), strings.Compare(scopeA, scopeB))
}

// boolCompare puts false before true.
func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// addRuns adds the runs among spans of the same scope, which are in the order of their
// addresses.
func (r *Repeats) addRuns(spans []span) {
	owned := owners(spans)
	for i := range spans {
		s := &spans[i]
		low, last := netip.AddrFrom16(s.low), s.last()
		at := sort.Search(len(owned), func(k int) bool { return low.Less(owned[k].low) }) - 1
		for ; at < len(owned) && !last.Less(owned[at].low); at++ {
			o := &owned[at]
			if o.entry == s.entry {
				continue
			}
			from, to := o.low, o.last
			if from.Less(low) {
				from = low
			}
			if last.Less(to) {
				to = last
			}
			r.runs = append(r.runs, run{
				first: r.portals.entries[s.entry].first + int(distance64(low, from)),
				of:    r.portals.entries[o.entry].first + int(distance64(o.begin, from)),
				count: int(distance64(from, to)) + 1,
			})
		}
	}
}

// settle brings the runs in order, and makes Asked of what is in none of them.
func (r *Repeats) settle() {
	slices.SortFunc(r.runs, func(a, b run) int { return cmp.Compare(a.first, b.first) })
	r.runs = joined(r.runs)
	r.starts, r.ends = make([]int, len(r.runs)), make([]int, len(r.runs))
	for i, run := range r.runs {
		r.starts[i], r.ends[i] = run.of, run.of+run.count
	}
	slices.Sort(r.starts)
	slices.Sort(r.ends)
	r.byOf = slices.SortedFunc(slices.Values(r.runs), func(a, b run) int { return cmp.Compare(a.of, b.of) })
	most := 0
	for _, run := range r.byOf {
		most = max(most, run.of+run.count)
		r.reach = append(r.reach, most)
	}
	r.Asked = &Portals{defaultPort: r.portals.defaultPort}
	at, next := 0, 0 // portals and runs that were looked at
	for i := range r.portals.entries {
		e := &r.portals.entries[i]
		count := 1
		if e.block != nil {
			count = e.block.Count
		}
		for at < e.first+count {
			end := e.first + count
			if next < len(r.runs) && r.runs[next].first < end {
				end = r.runs[next].first
			}
			r.ask(e, at, end)
			if at = end; next < len(r.runs) && r.runs[next].first == at {
				at += r.runs[next].count // which may go on in the next entry
				next++
			}
		}
	}
}

// joined returns runs, which are in order, with those made one of which each continues the
// one before: a file that is given twice is one run.
func joined(runs []run) []run {
	all := runs[:1]
	for _, next := range runs[1:] {
		last := &all[len(all)-1]
		if last.first+last.count == next.first && last.of+last.count == next.of {
			last.count += next.count
			continue
		}
		all = append(all, next)
	}
	return all
}

// ask adds the portals of an entry with indexes from at to end to Asked.
func (r *Repeats) ask(e *entry, at, end int) {
	if at == end {
		return
	}
	part := entry{portal: e.portal}
	if e.block != nil {
		part.block = &Block{Text: e.block.Text, First: plus(e.block.First, uint64(at-e.first)), Count: end - at, port: e.block.port}
	}
	r.shifts = append(r.shifts, shift{r.Asked.Count, at - r.Asked.Count})
	_ = r.Asked.addEntry(part, end-at) // there are no more than before
}

// Given returns the index that a portal of Asked has among all.
func (r *Repeats) Given(asked int) int {
	if r == nil {
		return asked
	}
	i := sort.Search(len(r.shifts), func(i int) bool { return r.shifts[i].first > asked }) - 1
	return asked + r.shifts[i].by
}

// Of returns the first place of a portal; false: it is this one.
func (r *Repeats) Of(index int) (first int, ok bool) {
	if r == nil {
		return 0, false
	}
	i := sort.Search(len(r.runs), func(i int) bool { return r.runs[i].first > index }) - 1
	if i < 0 || index >= r.runs[i].first+r.runs[i].count {
		return 0, false
	}
	return r.runs[i].of + index - r.runs[i].first, true
}

// later returns how many later places a portal has.
func (r *Repeats) later(first int) int {
	return sort.SearchInts(r.starts, first+1) - sort.SearchInts(r.ends, first+1)
}

// places returns the later places of a portal.
func (r *Repeats) places(first int) (all []int) {
	if r.later(first) == 0 {
		return nil
	}
	i := sort.Search(len(r.byOf), func(i int) bool { return r.byOf[i].of > first })
	for i--; i >= 0 && r.reach[i] > first; i-- {
		if run := r.byOf[i]; first < run.of+run.count {
			all = append(all, run.first+first-run.of)
		}
	}
	slices.Sort(all)
	return all
}
