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

// Refresh is RefreshSendTargetPortal for several portals, many at once. It yields a
// result for each, in the order of the keys; all results that wait for their turn
// share what the Discoverer's MaxHeld allows.
func (s *Service) Refresh(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		type begun struct{ listed, refused bool }
		under, unread := s.underRules(ctx, true)
		asked := make(chan begun, len(keys))
		requests := func(yield func(*initiator.Request) bool) {
			for _, key := range keys {
				var (
					j      initiator.Request
					listed bool
				)
				err := unread
				if err == nil {
					j, listed, err = under.entry(ctx, key, true)
				}
				if err != nil {
					r, err := refusedResult(initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}, err)
					j = initiator.Request{Portal: r.Asked, Err: err}
				}
				asked <- begun{listed, err != nil}
				if !yield(&j) {
					return
				}
			}
		}
		n := 0
		for r := range s.cfg.Discoverer.DiscoverRequests(ctx, requests, 0) {
			if of := <-asked; !of.refused {
				r.Stored = of.listed
				s.learn(ctx, r.Asked.Key(), &r)
			}
			if n++; !yield(r) {
				return
			}
		}
		for _, key := range keys[n:] { // ctx ended
			r, _ := refusedResult(initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}, context.Cause(ctx))
			if !yield(r) {
				return
			}
		}
	}
}

// Start asks all portals of the registry, as the reference API's service does
// when it starts. Where some do not answer, the error has the code
// isdsc.OperationNotAllSuccess; the last result of each is in the registry.
func (s *Service) Start(ctx context.Context) error {
	for _, err := range s.Targets(ctx, true) {
		if err != nil {
			return err
		}
	}
	return nil
}
