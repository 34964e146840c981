package registry

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
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

// NewProber returns a Prober for the results of s. A portal of the registry is
// probed as its entry says, with the entry's secrets, keys and policies, and an
// address under what is defined for it besides: flags that a portal of that address
// was given, or that came with its key, protect a probe as they protect the portal.
func (s *Service) NewProber(kind initiator.ProbeKind) *initiator.Prober {
	p := s.cfg.Discoverer.NewProber(kind)
	p.Addresses = s.cfg.Addresses
	var once rulesOnce // for all that it probes
	p.Request = func(ctx context.Context, r *initiator.Result) (initiator.Request, error) {
		under, err := once.of(ctx, s)
		if err != nil {
			return initiator.Request{}, err
		}
		j, _, _, err := under.entry(ctx, r.Asked.Key(), false)
		return j, err
	}
	p.RequestThere = func(ctx context.Context, j initiator.Request, dst netip.AddrPort) (initiator.Request, error) {
		under, err := once.of(ctx, s)
		if err != nil {
			return j, err
		}
		return under.requestThere(ctx, j, dst)
	}
	return p
}

// requestThere returns the request of a portal for an address that it advertises. What
// decides about IPsec at the portal does so there as well, unless what was defined
// for the address itself protects more.
func (s *Service) requestThere(ctx context.Context, j initiator.Request, dst netip.AddrPort) (initiator.Request, error) {
	if s.cfg.Allow != nil {
		if err := s.cfg.Allow(dst); err != nil {
			return j, fmt.Errorf("redirected to %s: %w", dst, err)
		}
	}
	there := j
	there.Portal.Portal, there.Portal.Security = initiator.Portal{Address: dst.Addr().String(), Port: dst.Port()}, 0
	var err error
	if there.Security, err = s.security(ctx, &there.Portal); err != nil {
		return j, storeError(err)
	}
	if weaker(j.Settings(), there.Settings()) {
		j.Security, j.Portal.Security = there.Security, 0
	}
	return j, nil
}

// weaker reports whether settings lead to a plan that protects less than others do,
// as long as nothing exists.
func weaker(a, b ipsec.Settings) bool {
	planA, errA := a.Resolve()
	planB, errB := b.Resolve()
	return errA == nil && errB == nil && planA.WeakerThan(planB)
}
