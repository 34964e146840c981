package watch

import (
	"cmp"
	"context"
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// Portals returns a Source of portals that are in no registry. Nothing is stored. A portal
// that is asked from several initiator ports is several portals with different keys; of
// those with the same key the first counts.
func Portals(d *initiator.Discoverer, portals []initiator.SendTargetPortal) Source {
	s := &portalSource{d: d, byKey: make(map[entryKey]*initiator.SendTargetPortal, len(portals))}
	for i := range portals {
		p := portals[i]
		id := keyOf(p.Key(), false)
		if s.byKey[id] == nil {
			s.byKey[id] = &p
			s.order = append(s.order, &p)
		}
	}
	return s
}

// A portalSource is a Source of portals that are in no registry.
type portalSource struct {
	d     *initiator.Discoverer
	order []*initiator.SendTargetPortal
	byKey map[entryKey]*initiator.SendTargetPortal
}

// Entries yields the portals, as Source says.
func (s *portalSource) Entries(context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, p := range s.order {
			if !yield(Entry{Key: p.Key(), SymbolicName: p.Portal.SymbolicName}, nil) {
				return
			}
		}
	}
}

// Known yields nothing: no earlier answers are known.
func (s *portalSource) Known(context.Context) iter.Seq2[Answer, error] {
	return func(func(Answer, error) bool) {}
}

// Ask asks portals, as Source says.
func (s *portalSource) Ask(ctx context.Context, keys []initiator.Key) iter.Seq[initiator.Result] {
	requests := func(yield func(*initiator.Request) bool) {
		for _, key := range keys {
			p := s.byKey[keyOf(key, false)]
			if p == nil {
				continue
			}
			r := initiator.Request{Portal: *p, Name: cmp.Or(p.Login.InitiatorName, s.d.InitiatorName), Selector: s.d.Selector, PSK: s.d.PSK, Gateway: s.d.Gateway}
			if s.d.Rules != nil {
				s.d.Rules.Apply(s.d, &r)
			}
			if !yield(&r) {
				return
			}
		}
	}
	return func(yield func(initiator.Result) bool) {
		for r := range s.d.RequestsAsDone(ctx, requests, 0) {
			r.Asked = initiator.WithoutSecrets(r.Asked)
			if !yield(r) {
				return
			}
		}
	}
}
