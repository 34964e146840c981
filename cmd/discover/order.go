package main

import (
	"context"
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// maxAhead is by how many portals one may be asked before an earlier one is
// done, where results are in the order of the portals: what waits is held in
// memory.
const maxAhead = 1 << 16

// maxHeld is how many bytes of targets are held for portals whose turn has not
// come. It is a variable's worth of memory for each byte of text.
const maxHeld = initiator.MaxCollectedTotal

// inOrder brings events into the order of their portals. Those of the portal
// whose turn it is pass at once; others wait.
func inOrder(events iter.Seq[initiator.Event]) iter.Seq[initiator.Event] {
	return func(yield func(initiator.Event) bool) {
		q := queue{waiting: make(map[int]*held)}
		for e := range events {
			index := indexOf(e)
			if index > q.turn {
				q.add(index, e)
				continue
			}
			if !yield(e) {
				return
			}
			if _, done := e.(initiator.PortalDone); done && !q.next(yield) {
				return
			}
		}
	}
}

func indexOf(e initiator.Event) int {
	switch e := e.(type) {
	case initiator.TargetFound:
		return e.Index
	case initiator.PortalDone:
		return e.Index
	}
	return 0
}

// A queue holds what waits for its turn.
type queue struct {
	turn    int
	waiting map[int]*held
	bytes   int // of all targets in it
}

// held is what came of one portal.
type held struct {
	targets []initiator.TargetFound
	bytes   int
	cut     bool // there was no room for more
	done    *initiator.PortalDone
}

func (q *queue) add(index int, e initiator.Event) {
	h := q.waiting[index]
	if h == nil {
		h = &held{}
		q.waiting[index] = h
	}
	switch e := e.(type) {
	case initiator.TargetFound:
		n := size(&e.Target)
		if h.cut = h.cut || q.bytes+n > maxHeld; h.cut {
			return
		}
		h.targets = append(h.targets, e)
		h.bytes += n
		q.bytes += n
	case initiator.PortalDone:
		if h.cut && e.Result.Err == nil {
			r := &e.Result
			r.TargetsFound = len(h.targets)
			r.Err = &initiator.Error{
				Stage: initiator.StageDiscover, Portal: r.Portal.Portal, Address: r.Address, Source: r.Source,
				Err:  &initiator.LimitError{What: "bytes of targets that would have to be held until an earlier portal is done", Limit: maxHeld},
				Hint: "ask it alone, or use -o jsonl",
			}
		}
		h.done = &e
	}
}

// size estimates the memory that a target takes.
func size(t *initiator.Target) int {
	n := 128 + len(t.Name) + len(t.Alias)
	for _, a := range t.Addresses {
		n += 64 + len(a.Host)
	}
	return n
}

// next passes the turn on, and yields all that waited for it.
func (q *queue) next(yield func(initiator.Event) bool) bool {
	for {
		q.turn++
		h := q.waiting[q.turn]
		if h == nil {
			return true
		}
		for _, t := range h.targets {
			if !yield(t) {
				return false
			}
		}
		q.bytes -= h.bytes
		h.targets, h.bytes = nil, 0
		if h.done == nil {
			return true
		}
		delete(q.waiting, q.turn)
		if !yield(*h.done) {
			return false
		}
	}
}

// A window keeps portals from being asked too far ahead of the results.
type window struct {
	ctx  context.Context
	free chan struct{} // as many as may be under way or waiting
}

func newWindow(ctx context.Context) *window {
	return &window{ctx: ctx, free: make(chan struct{}, maxAhead)}
}

// limit yields portals while there is room, until the context ends.
func (w *window) limit(all iter.Seq[initiator.SendTargetPortal]) iter.Seq[initiator.SendTargetPortal] {
	return func(yield func(initiator.SendTargetPortal) bool) {
		for p := range all {
			select {
			case w.free <- struct{}{}:
			case <-w.ctx.Done():
				return
			}
			if !yield(p) {
				return
			}
		}
	}
}

// done makes room for one more.
func (w *window) done() { <-w.free }
