package registry

import (
	"context"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
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
	j, _, listed, err := under.entry(ctx, key, false)
	if err == nil {
		all, err = s.cfg.Discoverer.ExplainRequest(ctx, j)
	}
	return all, listed, err
}

// admit holds a portal against all rules that need no network, brings it into
// the form in which it is stored, and returns the request to ask it. numbers says
// whether initiator ports may be given numbers for it: one that a result tells
// has to stay. s answers from rules, as do the methods below.
func (s *Service) admit(ctx context.Context, p *initiator.SendTargetPortal, numbers bool) (initiator.Request, error) {
	p.Portal.Address = p.Portal.Host()
	if err := p.Validate(); err != nil {
		return initiator.Request{}, err
	}
	if name := p.Login.InitiatorName; name != "" {
		if _, err := s.cfg.Discoverer.CheckName(name); err != nil {
			return initiator.Request{}, err
		}
	}
	selector, err := s.Selector(ctx, numbers)
	if err != nil {
		return initiator.Request{}, err
	}
	dst, _ := netip.ParseAddr(p.Portal.Host())
	instance, number, err := selector.Place(p.Instance, p.Port, p.Source, dst)
	if err != nil {
		return initiator.Request{}, err
	}
	p.Instance, p.Port, p.Source = instance, number, netip.Addr{}
	full := *p
	if err := s.secrets(ctx, &full); err != nil {
		return initiator.Request{}, err
	}
	j, err := s.prepare(ctx, full, selector)
	if err != nil {
		return initiator.Request{}, err
	}
	// The rules of CHAP hold now, rather than at each connect.
	_, err = s.cfg.Discoverer.CHAPOf(&j)
	return j, err
}

// secrets puts secrets in the place of the references to them.
func (s *Service) secrets(ctx context.Context, p *initiator.SendTargetPortal) error {
	o := &p.Login
	for _, f := range []struct {
		ref    string
		secret *auth.Secret
	}{{o.PasswordRef, &o.Password}, {o.TargetPasswordRef, &o.TargetPassword}, {p.IPsec.PSKRef, &p.IPsec.PSK}} {
		if f.ref == "" {
			continue
		}
		secret, err := s.resolve(ctx, f.ref)
		if err != nil {
			return &isdsc.Error{Code: isdsc.TargetAuthInfoUnavailable, What: "secret", Reason: initiator.Reason(err), Err: err}
		}
		*f.secret = secret
	}
	return nil
}

// prepare makes the request of a portal whose secrets are known.
func (s *Service) prepare(ctx context.Context, p initiator.SendTargetPortal, selector *ports.Selector) (initiator.Request, error) {
	name := p.Login.InitiatorName
	if name == "" {
		var err error
		if name, err = s.InitiatorNodeName(ctx); err != nil {
			return initiator.Request{}, err
		}
	}
	if p.Login.EffectiveAuthType() == login.MutualCHAP && p.Login.TargetPassword.IsZero() {
		secret, err := s.initiatorCHAPSecret(ctx)
		if err != nil {
			return initiator.Request{}, storeError(err)
		}
		p.Login.TargetPassword = secret
	}
	security, err := s.security(ctx, &p)
	if err != nil {
		return initiator.Request{}, storeError(err)
	}
	return initiator.Request{
		Portal: p, Name: name, Selector: selector, Security: security,
		Policy: s.policy, PSK: s.key, Gateway: s.outer, There: s.requestThere,
	}, nil
}

// admitted is admit under the rules as they are now.
func (s *Service) admitted(ctx context.Context, p *initiator.SendTargetPortal, numbers bool) (initiator.Request, error) {
	under, err := s.underRules(ctx, numbers)
	if err != nil {
		return initiator.Request{}, err
	}
	return under.admit(ctx, p, numbers)
}
