package registry

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

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
	if err := s.place(p, selector); err != nil {
		return initiator.Request{}, err
	}
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

// entry returns the request of a key: of its entry, or, where there is none, of a
// portal without options. numbers is as for admit.
func (s *Service) entry(ctx context.Context, key initiator.Key, numbers bool) (j initiator.Request, listed bool, err error) {
	r, err := s.cfg.Store.Get(ctx, recordOf(key))
	if err != nil {
		return initiator.Request{}, false, storeError(err)
	}
	if r.Version == 0 {
		p := initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}
		j, err = s.admit(ctx, &p, numbers)
		return j, false, s.failed(key, err)
	}
	selector, err := s.Selector(ctx, numbers)
	if err != nil {
		return initiator.Request{}, true, err
	}
	return s.request(ctx, r, selector), true, nil
}

// Request makes the request of an entry. Where that fails the request says so, so that it
// costs this portal and no other.
func (s *Service) request(ctx context.Context, r Record, selector *ports.Selector) initiator.Request {
	var stored portalRecord
	if err := decode(r, &stored); err != nil {
		p, err := unreadable(r, err)
		return initiator.Request{Portal: p, Err: err}
	}
	p := stored.portal()
	j, err := s.opened(ctx, p, &stored, selector)
	if err != nil {
		j = initiator.Request{Portal: p, Err: s.failed(p.Key(), err)}
	}
	return j
}

// unreadable returns what is known of an entry that could not be read, which is
// its key, and the *Error that says so.
func unreadable(r Record, err error) (initiator.SendTargetPortal, error) {
	k, _ := keyOfRecord(r.Key)
	p := initiator.SendTargetPortal{Instance: k.Instance, Port: k.Port, Portal: k.Portal}
	return p, &initiator.Error{Stage: initiator.StageStore, Portal: k.Portal, Err: err}
}

// opened is prepare for an entry whose secrets the registry keeps.
func (s *Service) opened(ctx context.Context, p initiator.SendTargetPortal, r *portalRecord, selector *ports.Selector) (initiator.Request, error) {
	row, l := recordOf(p.Key()), &r.Login
	for _, f := range []struct {
		kept  keptSecret
		field string
		to    *auth.Secret
	}{{l.Password, fieldPassword, &p.Login.Password}, {l.TargetPassword, fieldTargetPassword, &p.Login.TargetPassword}, {r.IPsecKey, fieldIPsecKey, &p.IPsec.PSK}} {
		secret, err := s.reveal(ctx, f.kept, row, f.field)
		if err != nil {
			return initiator.Request{}, &isdsc.Error{Code: isdsc.TargetAuthInfoUnavailable, What: "secret", Reason: initiator.Reason(err), Err: err}
		}
		*f.to = secret
	}
	return s.prepare(ctx, p, selector)
}
