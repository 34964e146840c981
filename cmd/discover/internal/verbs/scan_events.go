package verbs

import (
	"context"
	"iter"
	"math"
	"slices"

	"github.com/go-iscsi/discovery/cmd/discover/internal/view"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// takeOnce leaves out of what is asked what is given more than once.
func (s *scan) takeOnce() {
	s.asking = s.portals
	if s.repeats = sweep.NewRepeats(s.portals); s.repeats != nil {
		s.asking = s.repeats.Asked
		s.Log().Info("portals that are given more than once are asked once", "given", s.portals.Count, "asked", s.asking.Count)
	}
	if s.portals.Tagged > 0 {
		s.Log().Info("portal group tags are ignored", "portals", s.portals.Tagged)
	}
}

// batches runs the discovery. For -o jsonl they come as they happen, else in the
// order of the portals.
func (s *scan) batches(ctx context.Context, d *initiator.Discoverer) iter.Seq[*initiator.Batch] {
	spread := s.spread(d)
	asked := iter.Seq[initiator.SendTargetPortal](func(yield func(initiator.SendTargetPortal) bool) {
		for p := range spread.All(s.asking) {
			s.progress.Begin()
			s.doubt.Begin()
			if !yield(s.asked(p)) {
				return
			}
		}
	})
	asked = s.sessions.Expand(ctx, asked, s.run.Limit)
	view := view.New(&s.Env, &s.addrs, &s.run, d.NewProber)
	notAsked := func(p initiator.Portal) *initiator.Result { return s.notAsked(ctx, d, p) }
	run := func(asked iter.Seq[initiator.SendTargetPortal]) iter.Seq[*initiator.Batch] {
		batches := s.isns.compare(spread.Given(d.Batches(ctx, s.sessions.Record(asked))))
		return spread.Rest(ctx, view.Batches(ctx, s.progress.Count(s.doubt.Count(batches))), notAsked)
	}
	if s.Global.Output == render.FormatJSONL {
		return s.repeats.AtOnce(run(asked), s.sessions)
	}
	ordered := func(yield func(*initiator.Batch) bool) {
		w := sweep.NewWindow(ctx)
		for b := range initiator.InOrder(run(w.Limit(asked)), s.Room.Waiting) {
			if b.Result != nil {
				w.Done()
				spread.Out(b.Result)
			}
			if !yield(b) {
				return
			}
		}
	}
	return s.repeats.InTurn(ordered, s.sessions, s.Room.Waiting/2)
}

// waitingShare is which part of the memory for what waits, and targetBytes about what a
// target takes of it: where more of them wait, portals are asked as they were given. The
// rest is for the portals that are under way.
const waitingShare, targetBytes = 8, 128

// spread returns the order in which portals are asked; nil: as they were given. Sessions
// from each port are not spread, and one portal at once needs no order.
func (s *scan) spread(d *initiator.Discoverer) *sweep.Spread {
	most := int(s.Room.Waiting / waitingShare / targetBytes)
	if s.Global.Output == render.FormatJSONL {
		most = math.MaxInt // nothing waits
	}
	if s.sessions != nil || d.Parallel == 1 && d.Connecting == 0 {
		return nil
	}
	return sweep.NewSpread(s.asking, most)
}

// asked is a portal with all that goes with it.
func (s *scan) asked(p initiator.Portal) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{
		Instance: s.key.Instance, Port: s.key.Port.Number, Portal: p,
		Login: s.options, Security: s.security, IPsec: s.protect, Source: s.key.Source,
	}
}

// showRest shows the portals that a cancelled run did not begin with.
func (s *scan) showRest(ctx context.Context, d *initiator.Discoverer, out render.Output, t *sweep.Tally) error {
	if ctx.Err() == nil || s.run.Open { // whether a portal that was not asked speaks iSCSI is not known
		return nil
	}
	listed := func(portal int) bool { return s.run.All || s.portals.Block(portal) == nil }
	for _, rest := range s.sessions.Rest() {
		r := &initiator.Result{Asked: rest.Asked, InitiatorName: d.InitiatorName, Source: rest.Port.Address, InitiatorPort: rest.Port}
		r.Err = &initiator.Error{Stage: initiator.StageValidate, Portal: rest.Asked.Portal, Source: r.Source, Err: context.Cause(ctx)}
		s.sessions.Restore(r)
		if !listed(rest.Portal) {
			out.Silent(r)
		} else if err := out.Portal(r); err != nil {
			return err
		}
	}
	for index := range t.Rest() {
		if listed(index) {
			if err := out.Portal(s.notAsked(ctx, d, s.portals.At(index))); err != nil {
				return err
			}
		}
	}
	return nil
}

// notAsked is the result of a portal that a cancelled run did not begin with.
func (s *scan) notAsked(ctx context.Context, d *initiator.Discoverer, p initiator.Portal) *initiator.Result {
	return &initiator.Result{
		Asked: s.asked(p), InitiatorName: d.InitiatorName,
		Err: &initiator.Error{Stage: initiator.StageValidate, Portal: p, Err: context.Cause(ctx)},
	}
}

// noteNameOf does for a batch what NoteName does for a result, since its targets may be
// shown before its result comes. Where ports have names of their own only the result tells
// which was used.
func (s *scan) noteNameOf(b *initiator.Batch) {
	named := func(p ports.Port) bool { return p.NodeName != "" }
	switch {
	case b.Result != nil:
		s.NoteName(b.Result)
	case s.Initiator.Because != "" && b.Len() > 0 && (s.ports == nil || !slices.ContainsFunc(s.ports.Ports, named)):
		s.NoteDefaultName()
	}
}

// scanOutput returns the output of a scan: with more than one session for a
// portal the forms of it that say which.
func (s *scan) scanOutput(w *stream.Stream) render.Output {
	out := s.NewOutput(w)
	if s.sessions == nil {
		return out
	}
	switch out := out.(type) {
	case *render.JSONOutput:
		out.EachPort = true
	case *render.JSONLOutput:
		out.Sessions = s.sessions
	case *render.ISCSIADMOutput:
		out.Printed, out.Room = new(stream.LineSet), int(s.Room.Waiting)
	case *render.TableOutput:
		return render.NewMatrixOutput(w, out.Notes, out.AskedAs, s.Room.Collected)
	}
	return out
}
