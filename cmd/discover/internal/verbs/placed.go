package verbs

import (
	"iter"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// Placed are the entries that a command line names: each is asked once, and reported at each
// of its places.
type placed struct {
	distinct []initiator.Key
	places   []int                 // index in distinct
	last     []int                 // the last place of each in distinct
	known    map[initiator.Key]int // index in distinct
}

// add takes the entry of the next place, and reports whether it is its first.
func (p *placed) add(key initiator.Key) bool {
	i, ok := p.known[key]
	if !ok {
		if p.known == nil {
			p.known = make(map[initiator.Key]int)
		}
		i = len(p.distinct)
		p.known[key] = i
		p.distinct, p.last = append(p.distinct, key), append(p.last, 0)
	}
	p.last[i] = len(p.places)
	p.places = append(p.places, i)
	return !ok
}

// atEachPlace yields the results of the distinct entries, which come in their order, at each
// of the places. A result is kept as long as there are places to come.
func (p *placed) atEachPlace(results iter.Seq[initiator.Result]) iter.Seq[initiator.Result] {
	if len(p.distinct) == len(p.places) {
		return results
	}
	return func(yield func(initiator.Result) bool) {
		kept := make(map[int]initiator.Result)
		next, asked := 0, 0
		for r := range results {
			kept[asked] = r
			asked++
			for ; next < len(p.places) && p.places[next] < asked; next++ {
				i := p.places[next]
				if !yield(p.take(kept, i, next)) {
					return
				}
			}
		}
	}
}

// take returns the result for a place; a copy, if there are later ones.
func (p *placed) take(kept map[int]initiator.Result, i, place int) initiator.Result {
	r := kept[i]
	if p.last[i] == place {
		delete(kept, i)
		return r
	}
	r.Warnings = slices.Clone(r.Warnings)
	r.Targets = slices.Clone(r.Targets)
	for i := range r.Targets {
		r.Targets[i].Addresses = slices.Clone(r.Targets[i].Addresses)
	}
	return r
}
