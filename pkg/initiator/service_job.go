package initiator

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// admit holds a portal against all rules that need no network, brings it into
// the form in which it is stored, and returns the job to ask it. numbers says
// whether initiator ports may be given numbers for it: one that a result tells
// has to stay. s answers from rules, as do the methods below.
func (s *Service) admit(ctx context.Context, p *SendTargetPortal, numbers bool) (job, error) {
	p.Portal.Address = p.Portal.host()
	if err := p.validate(); err != nil {
		return job{}, err
	}
	if name := p.Login.InitiatorName; name != "" {
		if _, err := s.cfg.Discoverer.ownName(name); err != nil {
			return job{}, err
		}
	}
	selector, err := s.Selector(ctx, numbers)
	if err != nil {
		return job{}, err
	}
	if err := s.place(p, selector); err != nil {
		return job{}, err
	}
	full := *p
	if err := s.secrets(ctx, &full); err != nil {
		return job{}, err
	}
	j, err := s.prepare(ctx, full, selector)
	if err != nil {
		return job{}, err
	}
	// The rules of CHAP hold now, rather than at each connect.
	_, err = s.cfg.Discoverer.method(&j)
	return j, err
}

// secrets puts secrets in the place of the references to them.
func (s *Service) secrets(ctx context.Context, p *SendTargetPortal) error {
	o := &p.Login
	for _, f := range []struct {
		ref    string
		secret *auth.Secret
	}{{o.PasswordRef, &o.Password}, {o.TargetPasswordRef, &o.TargetPassword}, {p.IPsec.KeyRef, &p.IPsec.Key}} {
		if f.ref == "" {
			continue
		}
		secret, err := s.resolve(ctx, f.ref)
		if err != nil {
			return &ConfigError{Code: CodeTargetAuthInfoUnavailable, What: "secret", Reason: errorText(err), Err: err}
		}
		*f.secret = secret
	}
	return nil
}

// prepare makes the job of a portal whose secrets are known.
func (s *Service) prepare(ctx context.Context, p SendTargetPortal, selector *PortSelector) (job, error) {
	name := p.Login.InitiatorName
	if name == "" {
		var err error
		if name, err = s.InitiatorNodeName(ctx); err != nil {
			return job{}, err
		}
	}
	if p.Login.authType() == MutualCHAP && p.Login.TargetPassword.IsZero() {
		secret, err := s.initiatorCHAPSecret(ctx)
		if err != nil {
			return job{}, storeError(err)
		}
		p.Login.TargetPassword = secret
	}
	security, err := s.security(ctx, &p)
	if err != nil {
		return job{}, storeError(err)
	}
	return job{
		portal: p, name: name, ports: selector, security: security,
		policy: s.policy, key: s.key, outer: s.outer, there: s.jobThere,
	}, nil
}

// entry returns the job of a key: of its entry, or, where there is none, of a
// portal without options. numbers is as for admit.
func (s *Service) entry(ctx context.Context, key Key, numbers bool) (j job, listed bool, err error) {
	r, err := s.cfg.Store.Get(ctx, key.record())
	if err != nil {
		return job{}, false, storeError(err)
	}
	if r.Version == 0 {
		p := SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}
		j, err = s.admit(ctx, &p, numbers)
		return j, false, s.failed(key, err)
	}
	selector, err := s.Selector(ctx, numbers)
	if err != nil {
		return job{}, true, err
	}
	return s.job(ctx, r, selector), true, nil
}

// job makes the job of an entry. Where that fails the job says so, so that it
// costs this portal and no other.
func (s *Service) job(ctx context.Context, r Record, selector *PortSelector) job {
	var stored portalRecord
	if err := decode(r, &stored); err != nil {
		p, err := unreadable(r, err)
		return job{portal: p, err: err}
	}
	p := stored.portal()
	j, err := s.opened(ctx, p, &stored, selector)
	if err != nil {
		j = job{portal: p, err: s.failed(p.Key(), err)}
	}
	return j
}

// unreadable returns what is known of an entry that could not be read, which is
// its key, and the *Error that says so.
func unreadable(r Record, err error) (SendTargetPortal, error) {
	k, _ := keyOfRecord(r.Key)
	p := SendTargetPortal{Instance: k.Instance, Port: k.Port, Portal: k.Portal}
	return p, &Error{Stage: StageStore, Portal: k.Portal, Err: err}
}

// opened is prepare for an entry whose secrets the registry keeps.
func (s *Service) opened(ctx context.Context, p SendTargetPortal, r *portalRecord, selector *PortSelector) (job, error) {
	row, l := p.Key().record(), &r.Login
	for _, f := range []struct {
		kept  keptSecret
		field string
		to    *auth.Secret
	}{{l.Password, fieldPassword, &p.Login.Password}, {l.TargetPassword, fieldTargetPassword, &p.Login.TargetPassword}, {r.IPsecKey, fieldIPsecKey, &p.IPsec.Key}} {
		secret, err := s.reveal(ctx, f.kept, row, f.field)
		if err != nil {
			return job{}, &ConfigError{Code: CodeTargetAuthInfoUnavailable, What: "secret", Reason: errorText(err), Err: err}
		}
		*f.to = secret
	}
	return s.prepare(ctx, p, selector)
}
