package render

import (
	"fmt"
	"iter"

	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// Whole shows results that are there as a whole, by the outputs of scan.
type Whole struct {
	Output
	W     *stream.Stream
	index int // of the next result
}

// How much of a result is shown at once.
const (
	atOnce          = 1024 // targets
	addressesAtOnce = 4096
)

// batchesOf yields the targets of a result in batches.
func batchesOf(r *initiator.Result, index int) iter.Seq[*initiator.Batch] {
	return func(yield func(*initiator.Batch) bool) {
		for i := 0; i < len(r.Targets); {
			b := initiator.Batch{Index: index, Portal: r.Asked.Portal, Address: r.Address}
			for n := 0; i < len(r.Targets) && b.Len() < atOnce && n < addressesAtOnce; i++ {
				b.Add(&r.Targets[i])
				n += len(r.Targets[i].Addresses)
			}
			if !yield(&b) {
				return
			}
		}
	}
}

// Result shows one.
func (o *Whole) Result(r *initiator.Result) error {
	o.index++
	if j, ok := o.Output.(*JSONOutput); ok {
		if err := j.whole(r, func() error { return j.list(r.Targets) }); err != nil {
			return err
		}
		return o.HandOn()
	}
	for b := range batchesOf(r, o.index-1) {
		if err := o.Targets(b); err != nil {
			return err
		}
	}
	if err := o.Portal(r); err != nil {
		return err
	}
	return o.HandOn()
}

// Close ends the answer. err is what writing failed with before.
func (o *Whole) Close(err error) error {
	if err == nil {
		err = o.End(nil)
	}
	if closed := o.W.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}
