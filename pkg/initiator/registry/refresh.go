package registry

import (
	"context"
	"errors"
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// RefreshAll asks all portals of the registry, many at once, and yields a result
// for each, in the order of the registry. Those that were not begun when ctx ended have
// one that says so. A result without a portal is the registry's failure, and the last.
func (s *Service) RefreshAll(ctx context.Context) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		under, err := s.underRules(ctx, true)
		if err != nil {
			s.unasked(ctx, "", err, yield)
			return
		}
		broken := make(chan error, 1) // of the registry, while it was read; that may go on when the loop has ended
		requests := func(yield func(*initiator.Request) bool) {
			for r, err := range s.cfg.Store.List(ctx, prefixPortal) {
				if err != nil {
					broken <- storeError(err)
					return
				}
				if j := under.request(ctx, r, under.rules.ports); !yield(&j) {
					return
				}
			}
		}
		last := "" // record that was asked
		for r := range s.cfg.Discoverer.DiscoverRequests(ctx, requests, 0) {
			last = recordOf(r.Asked.Key())
			r.Stored = true
			s.learn(ctx, r.Asked.Key(), &r)
			if !yield(r) {
				return
			}
		}
		if ctx.Err() != nil {
			s.unasked(ctx, last, context.Cause(ctx), yield)
			return
		}
		select {
		case err := <-broken:
			yield(initiator.Result{Err: err})
		default:
		}
	}
}

// unasked yields a result with err for each entry of the registry behind a record. What
// is in the registry is read even if ctx has ended.
func (s *Service) unasked(ctx context.Context, after string, err error, yield func(initiator.Result) bool) {
	for r, broken := range s.cfg.Store.List(context.WithoutCancel(ctx), prefixPortal) {
		if broken != nil {
			yield(initiator.Result{Err: storeError(broken)})
			return
		}
		if r.Key <= after {
			continue
		}
		var p initiator.SendTargetPortal
		var stored portalRecord
		if decode(r, &stored) == nil {
			p = stored.portal()
		} else {
			p, _ = unreadable(r, err)
		}
		why := err
		if e := (*initiator.Error)(nil); errors.As(err, &e) {
			one := *e // each result has its portal in it
			why = &one
		}
		result, _ := refusedResult(p, why)
		result.Stored = true
		if !yield(result) {
			return
		}
	}
}

// ownFault reports a failure that says nothing of a portal: options or secrets that are
// not usable here, a registry that cannot be read, or a caller that gave up.
func ownFault(ctx context.Context, err error) bool {
	var e *initiator.Error
	switch {
	case errors.Is(err, context.Canceled), ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return true
	case !errors.As(err, &e):
		return false
	}
	return e.Stage == initiator.StageValidate || e.Stage == initiator.StageStore
}
