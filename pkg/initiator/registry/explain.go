package registry

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// Explain says under which IPsec AddSendTargetPortal would ask a portal, and why;
// see Discoverer.Explain. Nothing is stored.
func (s *Service) Explain(ctx context.Context, p initiator.SendTargetPortal) ([]initiator.Explanation, error) {
	j, err := s.admitted(ctx, &p, false)
	if err != nil {
		_, err = refusedResult(p, err)
		return nil, err
	}
	return s.cfg.Discoverer.ExplainRequest(ctx, j)
}

// ExplainEntry says under which IPsec RefreshSendTargetPortal would ask a portal,
// and why; see Discoverer.Explain. listed reports whether it is in the registry.
func (s *Service) ExplainEntry(ctx context.Context, key initiator.Key) (all []initiator.Explanation, listed bool, err error) {
	under, err := s.underRules(ctx, false)
	if err != nil {
		return nil, false, err
	}
	j, listed, err := under.entry(ctx, key, false)
	if err == nil {
		all, err = s.cfg.Discoverer.ExplainRequest(ctx, j)
	}
	return all, listed, err
}
