package main

import (
	"context"
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// batches runs the discovery. For -o jsonl they come as they happen, else in the
// order of the portals.
func (s *scan) batches(ctx context.Context, d *initiator.Discoverer) iter.Seq[*initiator.Batch] {
	asked := iter.Seq[initiator.SendTargetPortal](func(yield func(initiator.SendTargetPortal) bool) {
		for p := range s.portals.all() {
			s.progress.begin()
			if !yield(s.asked(p)) {
				return
			}
		}
	})
	record := func(all iter.Seq[initiator.SendTargetPortal]) iter.Seq[initiator.SendTargetPortal] { return all }
	if s.each != nil {
		asked, record = s.each.expand(ctx, asked, s.run.limit), s.each.record
	}
	view := s.newAddressView(&s.addrs, &s.run, d.NewProber)
	if s.global.output == formatJSONL {
		return view.batches(ctx, s.progress.count(d.Batches(ctx, record(asked))))
	}
	return func(yield func(*initiator.Batch) bool) {
		w := newWindow(ctx)
		for b := range inOrder(view.batches(ctx, s.progress.count(d.Batches(ctx, record(w.limit(asked))))), s.Room.Waiting) {
			if b.Result != nil {
				w.done()
			}
			if !yield(b) {
				return
			}
		}
	}
}

// asked is a portal with all that goes with it.
func (s *scan) asked(p initiator.Portal) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{
		Instance: s.key.instance, Port: s.key.port.number, Portal: p,
		Login: s.options, Security: s.security, IPsec: s.protect, Source: s.key.source,
	}
}

// showRest shows the portals that a cancelled run did not begin with.
func (s *scan) showRest(ctx context.Context, d *initiator.Discoverer, out output, t *tally) error {
	if ctx.Err() == nil {
		return nil
	}
	if s.each != nil {
		for _, rest := range s.each.rest() {
			r := &initiator.Result{Portal: rest.asked, InitiatorName: d.InitiatorName, Source: rest.port.Address, Port: rest.port}
			r.Err = &initiator.Error{Stage: initiator.StageValidate, Portal: rest.asked.Portal, Source: r.Source, Err: context.Cause(ctx)}
			s.each.restore(r)
			if err := out.portal(r); err != nil {
				return err
			}
		}
	}
	index := t.begun
	for p := range s.portals.from(t.begun) {
		if s.portals.block(index) == nil || s.run.all {
			r := &initiator.Result{Portal: s.asked(p), InitiatorName: d.InitiatorName}
			r.Err = &initiator.Error{Stage: initiator.StageValidate, Portal: p, Err: context.Cause(ctx)}
			if err := out.portal(r); err != nil {
				return err
			}
		}
		index++
	}
	return nil
}
