package sweep

import (
	"container/heap"
	"net/netip"
)

// An owned is an interval of addresses with the first entry of the command line that has
// them.
type owned struct {
	low, last netip.Addr
	begin     netip.Addr // of the entry
	entry     int32
}

// owners cuts spans, which are in the order of their addresses, into intervals.
func owners(spans []span) (all []owned) {
	var open spanHeap // those that may have the address at, the first entry at the top
	var at netip.Addr
	for next := 0; next < len(spans) || len(open) > 0; {
		if len(open) == 0 {
			at = netip.AddrFrom16(spans[next].low)
		}
		for ; next < len(spans) && netip.AddrFrom16(spans[next].low) == at; next++ {
			heap.Push(&open, &spans[next])
		}
		top := open[0]
		last := top.last()
		if last.Less(at) {
			heap.Pop(&open)
			continue
		}
		if next < len(spans) {
			if before := netip.AddrFrom16(spans[next].low).Prev(); before.Less(last) {
				last = before
			}
		}
		if n := len(all) - 1; n >= 0 && all[n].entry == top.entry && all[n].last.Next() == at {
			all[n].last = last
		} else {
			all = append(all, owned{low: at, last: last, begin: netip.AddrFrom16(top.low), entry: top.entry})
		}
		if at = last.Next(); !at.IsValid() {
			break // there is no address after the last of IPv6
		}
	}
	return all
}

// A spanHeap has the span of the first entry at the top.
type spanHeap []*span

func (h spanHeap) Len() int           { return len(h) }
func (h spanHeap) Less(i, k int) bool { return h[i].entry < h[k].entry }
func (h spanHeap) Swap(i, k int)      { h[i], h[k] = h[k], h[i] }
func (h *spanHeap) Push(s any)        { *h = append(*h, s.(*span)) }

func (h *spanHeap) Pop() any {
	last := len(*h) - 1
	s := (*h)[last]
	*h = (*h)[:last]
	return s
}
