package main

import (
	"context"
	"fmt"
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

// inOrder brings batches into the order of their portals. Those of the portal
// whose turn it is pass at once; others wait.
func inOrder(batches iter.Seq[*initiator.Batch]) iter.Seq[*initiator.Batch] {
	return func(yield func(*initiator.Batch) bool) {
		q := queue{waiting: make(map[int]*held)}
		for b := range batches {
			if b.Index > q.turn {
				q.add(b)
				continue
			}
			if !yield(b) {
				return
			}
			if b.Result != nil && !q.next(yield) {
				return
			}
		}
	}
}

// A queue holds what waits for its turn.
type queue struct {
	turn    int
	waiting map[int]*held
	bytes   int // of all targets in it
}

// held is what came of one portal.
type held struct {
	batches []*initiator.Batch
	targets int  // in them
	bytes   int  // of targets and warnings
	cut     bool // there was no room for more
}

// add takes a copy of a batch.
func (q *queue) add(b *initiator.Batch) {
	h := q.waiting[b.Index]
	if h == nil {
		h = &held{}
		q.waiting[b.Index] = h
	}
	n := size(b)
	h.cut = h.cut || q.bytes+n > maxHeld
	if h.cut {
		b, n = &initiator.Batch{Index: b.Index, Portal: b.Portal, Address: b.Address, Result: b.Result}, 0
		if b.Result == nil {
			return
		}
	}
	b = b.Clone()
	h.batches = append(h.batches, b)
	h.targets += b.Len()
	if r := b.Result; r != nil {
		w := 0
		for _, warning := range r.Warnings {
			w += len(warning.Message)
		}
		if q.bytes+n+w > maxHeld {
			r.Warnings, w = []initiator.Warning{{Code: initiator.WarnMore, Message: fmt.Sprintf("%d more warnings", len(r.Warnings))}}, 0
		}
		n += w
		if h.cut && r.Err == nil {
			r.TargetsFound = h.targets
			r.Err = &initiator.Error{
				Stage: initiator.StageDiscover, Portal: r.Portal.Portal, Address: r.Address, Source: r.Source,
				Err:  &initiator.LimitError{What: "bytes of targets that would have to be held until an earlier portal is done", Limit: maxHeld},
				Hint: "ask it alone, or use -o jsonl",
			}
		}
	}
	h.bytes += n
	q.bytes += n
}

// size estimates the memory that the targets of a batch take.
func size(b *initiator.Batch) (n int) {
	for i := range b.Len() {
		n += targetSize(len(b.Name(i))+len(b.Alias(i)), b.Addresses(i))
	}
	return n
}

// targetSize estimates the memory that a target takes, whose name and alias are that
// many bytes.
func targetSize(text int, addresses []initiator.TargetAddress) int {
	n := 128 + text
	for i := range addresses {
		n += 64 + len(addresses[i].Host)
	}
	return n
}

// next passes the turn on, and yields all that waited for it.
func (q *queue) next(yield func(*initiator.Batch) bool) bool {
	for {
		q.turn++
		h := q.waiting[q.turn]
		if h == nil {
			return true
		}
		delete(q.waiting, q.turn)
		q.bytes -= h.bytes
		done := false
		for _, b := range h.batches {
			done = b.Result != nil
			if !yield(b) {
				return false
			}
		}
		if !done {
			return true
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
