package main

import (
	"errors"
	"fmt"
	"iter"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// whole shows results that are there as a whole, by the outputs of scan.
type whole struct {
	output
	w     *stream
	index int // of the next result
}

func (c *command) newWhole() *whole {
	w := newStream(c.Stdout, nil)
	return &whole{output: c.newOutput(w), w: w}
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
			b := initiator.Batch{Index: index, Portal: r.Portal.Portal, Address: r.Address}
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

// result shows one.
func (o *whole) result(r *initiator.Result) error {
	o.index++
	if j, ok := o.output.(*jsonOutput); ok {
		if err := j.whole(r, func() error { return j.list(r.Targets) }); err != nil {
			return err
		}
		return o.handOn()
	}
	for b := range batchesOf(r, o.index-1) {
		if err := o.targets(b); err != nil {
			return err
		}
	}
	if err := o.portal(r); err != nil {
		return err
	}
	return o.handOn()
}

// close ends the answer. err is what writing failed with before.
func (o *whole) close(err error) error {
	if err == nil {
		err = o.end(nil)
	}
	if closed := o.w.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// logResult is for -v.
func (c *command) logResult(r *initiator.Result) {
	if !c.global.verbose {
		return
	}
	args := []any{"portal", r.Portal.Portal.String(), "address", r.Address, "source", r.Source, "targets", r.TargetsFound, "elapsed", r.Elapsed}
	if r.Auth.Method != "" {
		args = append(args, "auth", r.Auth.Method, "algorithm", r.Auth.Algorithm.String(), "target_proved", r.Auth.Mutual)
	}
	if r.IPsec.Why != "" {
		args = append(args, "ipsec", r.IPsec.Why, "exists", existsText(r.IPsec.Existing))
	}
	if r.Proof != nil {
		args = append(args, "proof", proofText(r.Proof))
	}
	if r.Err != nil {
		var e *initiator.Error
		errors.As(r.Err, &e)
		args = append(args, "stage", e.Stage.String(), "error", machine.WithoutPackage(r.Err))
	}
	c.log().Info("portal done", args...)
}
