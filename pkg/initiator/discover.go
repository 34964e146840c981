package initiator

import (
	"context"
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/feed"
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
	for result = range d.DiscoverRequests(ctx, d.requests(one), 1) {
		begun = true
	}
	if !begun {
		result = Result{Asked: p, InitiatorName: d.InitiatorName}
		result.Err = &Error{Stage: StageValidate, Portal: p.Portal, Err: context.Cause(ctx)}
	}
	return result, result.Err
}

// DiscoverAll asks portals, many at once, and yields a result for each that was
// begun, in the order of the sequence. An answer of more than MaxCollectedText
// bytes fails its portal, unless d.MaxText says otherwise. So does one that takes too much
// of d.MaxHeld while other portals are under way: an eighth is kept for lists of usual
// length, and of the rest a portal takes no more than it leaves to others. The error is a
// *pdu.LimitError where it sent too much, a *MemoryError where the others have the room. What was read before is
// in the result. A portal is begun once fewer than 65,536 results wait for an earlier
// one.
func (d *Discoverer) DiscoverAll(ctx context.Context, portals iter.Seq[SendTargetPortal]) iter.Seq[Result] {
	return d.DiscoverRequests(ctx, d.requests(portals), 0)
}

// DiscoverRequests is DiscoverAll for requests that are made by the caller: a registry, which
// knows more of its portals than they say themselves. parallel is how many portals are
// asked at once; 0: as many as d says. A request is valid until the next one is yielded.
func (d *Discoverer) DiscoverRequests(ctx context.Context, requests iter.Seq[*Request], parallel int) iter.Seq[Result] {
	if parallel == 0 {
		parallel = d.parallel()
	}
	return func(yield func(Result) bool) {
		under := feed.NewAhead(feed.MaxAhead)
		q := orderQueue{
			heldRoom: heldRoom{room: d.maxHeld(), only: func() bool { return under.Count() <= 1 }},
			waiting:  make(map[int]*heldPortal), whole: true,
		}
		for b := range d.run(ctx, requests, under, parallel) {
			q.add(b)
			for r := q.nextWhole(); r != nil; r = q.nextWhole() {
				under.Leave()
				if !yield(*r) {
					return
				}
			}
		}
	}
}
