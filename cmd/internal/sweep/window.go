package sweep

import (
	"context"
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// MaxAhead is by how many portals one may be asked before an earlier one is
// done, where results are in the order of the portals: what waits is held in
// memory.
const MaxAhead = 1 << 16

// A window keeps portals from being asked too far ahead of the results.
type window struct {
	ctx  context.Context
	free chan struct{} // as many as may be under way or waiting
}

// NewWindow returns a window that ends with ctx.
func NewWindow(ctx context.Context) *window {
	return &window{ctx: ctx, free: make(chan struct{}, MaxAhead)}
}

// Limit yields portals while there is room, until the context ends.
func (w *window) Limit(all iter.Seq[initiator.SendTargetPortal]) iter.Seq[initiator.SendTargetPortal] {
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

// Done makes room for one more, unless the result is of a portal that did not get so far:
// a cancelled run has such.
func (w *window) Done() {
	select {
	case <-w.free:
	default:
	}
}
