package initiator

import (
	"context"
	"slices"
	"sync/atomic"
)

// pairCost is about what a name or an address takes in memory beside its text, in
// bytes, where targets are collected.
const pairCost = 128

// cost is about what a target takes there.
func (t *listed) cost() int64 {
	n := pairCost + len(t.name) + len(t.alias)
	for i := range t.addresses {
		n += pairCost + len(t.addresses[i].Host)
	}
	return int64(n)
}

// maxAhead is how many portals may be begun and not taken yet where results come
// in the order of their portals: what waits behind a slow one is held in memory.
const maxAhead = 1 << 16

// A shelf is the room for what is collected and was not taken yet, by all
// portals together.
type shelf struct {
	room  int64 // bytes
	used  atomic.Int64
	ahead chan struct{} // one for each portal that was begun
}

func newShelf(room int64, ahead int) *shelf {
	return &shelf{room: room, ahead: make(chan struct{}, ahead)}
}

// enter waits until one more portal may be begun; false: ctx ended first. Where there
// is room it is true: the portal may have been taken from the sequence already.
func (s *shelf) enter(ctx context.Context) bool {
	select {
	case s.ahead <- struct{}{}:
		return true
	default:
	}
	select {
	case s.ahead <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// leave makes room for one more.
func (s *shelf) leave() { <-s.ahead }

// put takes n bytes of the room.
func (s *shelf) put(n int64) error {
	if s.used.Add(n) > s.room {
		return &LimitError{What: "bytes to be held at once, with other portals", Limit: s.room}
	}
	return nil
}

// clear gives n bytes back.
func (s *shelf) clear(n int64) { s.used.Add(-n) }

// collectedAtOnce is how many targets a collection buys room for at once.
const collectedAtOnce = 1024

// A collection gathers the targets of one portal. It takes little more than their
// text: they are in chunks, of which none is copied before the end, and neighbours
// at the same addresses share them.
type collection struct {
	chunks  [][]Target // all but the last of collectedAtOnce
	count   int
	names   nameIndex // by the folded name
	keeper  keeper
	seen    map[int]map[TargetAddress]bool // addresses of names that came again, where they are many
	implied []bool                         // of each target: it named no address so far
	result  Result
	done    bool
}

// at returns a target.
func (c *collection) at(i int) *Target { return &c.chunks[i/collectedAtOnce][i%collectedAtOnce] }

// name returns the folded name of a target.
func (c *collection) name(i int) string { return FoldName(c.at(i).Name) }

// targets returns all targets. The collection takes no more then.
func (c *collection) targets() []Target {
	c.names, c.keeper, c.seen, c.implied = nameIndex{}, keeper{}, nil, nil
	if len(c.chunks) == 1 {
		return c.chunks[0]
	}
	return slices.Concat(c.chunks...)
}

// collect returns the collection of a portal.
func collect(open map[int]*collection, index int) *collection {
	c := open[index]
	if c == nil {
		c = &collection{}
		open[index] = c
	}
	return c
}

// add takes a target; the addresses of a name that was there before join it. An
// address that is implied, since none was sent, holds only where the name has no
// other: LIO ends some responses of a long list between a name and its
// addresses, and begins the next with other names.
func (c *collection) add(t Target, implied bool) {
	i, known := c.names.find(FoldName(t.Name), c.count, c.name)
	if !known {
		if c.count%collectedAtOnce == 0 {
			c.chunks = append(c.chunks, nil)
		}
		last := &c.chunks[len(c.chunks)-1]
		*last = append(*last, t)
		c.implied = append(c.implied, implied)
		c.count++
		return
	}
	have := c.at(i)
	if have.Alias == "" {
		have.Alias = t.Alias
	}
	switch {
	case implied:
		return
	case c.implied[i]:
		c.implied[i] = false
		have.Addresses = nil
	}
	for _, a := range t.Addresses {
		if !c.has(i, a) {
			have.Addresses = append(have.Addresses, a)
		}
	}
}

// has reports whether target i has an address; where not, it is about to get it.
func (c *collection) has(i int, a TargetAddress) bool {
	have := c.at(i).Addresses
	if len(have) < fewAddresses {
		return slices.Contains(have, a)
	}
	seen := c.seen[i]
	if seen == nil {
		seen = make(map[TargetAddress]bool, len(have))
		for _, a := range have {
			seen[a] = true
		}
		if c.seen == nil {
			c.seen = make(map[int]map[TargetAddress]bool)
		}
		c.seen[i] = seen
	}
	if seen[a] {
		return true
	}
	seen[a] = true
	return false
}
