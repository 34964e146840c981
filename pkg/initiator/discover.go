package initiator

import (
	"context"
	"iter"
	"sync/atomic"
)

// Discover asks one portal and returns what it found, each name once. The error
// is Result.Err; whatever was read before it is in the result all the same.
func (d *Discoverer) Discover(ctx context.Context, p SendTargetPortal) (Result, error) {
	one := func(yield func(SendTargetPortal) bool) { yield(p) }
	var (
		result Result
		begun  bool
	)
	// The loop goes on after the result, for the logout.
	for result = range d.DiscoverAll(ctx, one) {
		begun = true
	}
	if !begun {
		result = Result{Portal: p, InitiatorName: d.InitiatorName}
		result.Err = &Error{Stage: StageValidate, Portal: p.Portal, Err: context.Cause(ctx)}
	}
	return result, result.Err
}

// DiscoverAll asks portals, many at once, and yields a result for each that was
// begun, in the order of the sequence. An answer of more than MaxCollectedText
// bytes fails its portal; so does one for which the answers that wait for their
// turn leave no room in MaxCollectedTotal.
func (d *Discoverer) DiscoverAll(ctx context.Context, portals iter.Seq[SendTargetPortal]) iter.Seq[Result] {
	return d.discoverAll(ctx, d.jobs(portals))
}

func (d *Discoverer) discoverAll(ctx context.Context, jobs iter.Seq[job]) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		var held atomic.Int64
		open := make(map[int]*collection) // portals whose turn has not come
		turn := 0
		for e := range d.run(ctx, jobs, &held) {
			switch e := e.(type) {
			case TargetFound:
				collect(open, e.Index).add(e.Target)
			case PortalDone:
				c := collect(open, e.Index)
				c.result, c.done = e.Result, true
				c.result.Targets, c.result.TargetsFound = c.targets, len(c.targets)
			}
			for c := open[turn]; c != nil && c.done; c = open[turn] {
				delete(open, turn)
				turn++
				held.Add(-c.result.text)
				if !yield(c.result) {
					return
				}
			}
		}
	}
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

// A collection gathers the targets of one portal.
type collection struct {
	targets []Target
	names   map[string]int                 // index in targets, by the folded name
	seen    map[int]map[TargetAddress]bool // addresses, of the names that came again
	result  Result
	done    bool
}

// add takes a target; the addresses of a name that was there before join it.
func (c *collection) add(t Target) {
	if c.names == nil {
		c.names = make(map[string]int)
	}
	name := FoldName(t.Name)
	i, known := c.names[name]
	if !known {
		c.names[name] = len(c.targets)
		c.targets = append(c.targets, t)
		return
	}
	have := &c.targets[i]
	if have.Alias == "" {
		have.Alias = t.Alias
	}
	seen := c.seen[i]
	if seen == nil {
		seen = make(map[TargetAddress]bool)
		for _, a := range have.Addresses {
			seen[a] = true
		}
		if c.seen == nil {
			c.seen = make(map[int]map[TargetAddress]bool)
		}
		c.seen[i] = seen
	}
	for _, a := range t.Addresses {
		if !seen[a] {
			seen[a] = true
			have.Addresses = append(have.Addresses, a)
		}
	}
}
