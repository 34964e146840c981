package initiator

import (
	"context"
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// store writes the entry of p. replaced says that there was one with the same key.
func (s *Service) store(ctx context.Context, p *SendTargetPortal) (replaced bool, err error) {
	row := p.Key().record()
	old, err := s.cfg.Store.Get(ctx, row)
	if err != nil {
		return false, err
	}
	r := newPortalRecord(p)
	r.Added = s.now()
	if old.Version != 0 {
		var before portalRecord
		err := decode(old, &before)
		if newer := (*RecordFormatError)(nil); errors.As(err, &newer) {
			return false, err // it is not ours to replace
		}
		if err == nil { // a damaged entry is replaced
			r.Added, r.Last = before.Added, before.Last
		}
	}
	if r.Login.Password, err = s.keep(p.Login.Password, p.Login.PasswordRef, row, fieldPassword); err != nil {
		return false, err
	}
	if r.Login.TargetPassword, err = s.keep(p.Login.TargetPassword, p.Login.TargetPasswordRef, row, fieldTargetPassword); err != nil {
		return false, err
	}
	if r.IPsecKey, err = s.keep(p.IPsec.Key, p.IPsec.KeyRef, row, fieldIPsecKey); err != nil {
		return false, err
	}
	changes, err := s.claim(ctx, p.Instance)
	if err != nil {
		return false, err
	}
	remembered, err := s.remember(ctx, p)
	if err != nil {
		return false, err
	}
	changes = append(changes, remembered...)
	return old.Version != 0, s.cfg.Store.Apply(ctx, append(changes, Change{Key: row, Version: old.Version, Value: encode(r)})...)
}

// remove deletes the entry of a key, and with the last entry of a portal what is
// remembered of it.
func (s *Service) remove(ctx context.Context, key Key) error {
	r, err := s.cfg.Store.Get(ctx, key.record())
	if err != nil {
		return storeError(err)
	}
	if r.Version == 0 {
		return s.notFound(ctx, key)
	}
	changes := []Change{{Key: r.Key, Version: r.Version, Delete: true}}
	others := 0
	for o, err := range s.cfg.Store.List(ctx, portalPrefix(prefixPortal, key.Portal)) {
		if err != nil {
			return storeError(err)
		}
		if o.Key != r.Key {
			others++
		}
	}
	if others == 0 {
		for b, err := range s.cfg.Store.List(ctx, portalPrefix(prefixBitmap, key.Portal)) {
			if err != nil {
				return storeError(err)
			}
			changes = append(changes, Change{Key: b.Key, Version: AnyVersion, Delete: true})
		}
	}
	if err = s.cfg.Store.Apply(ctx, changes...); err == nil {
		return nil
	}
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		return err // to be tried again
	}
	return storeError(err)
}

// notFound is the error of a key that has no entry.
func (s *Service) notFound(ctx context.Context, key Key) error {
	near, err := s.Near(ctx, key)
	if err != nil {
		return err
	}
	reason := "it is not in the registry"
	if len(near) > 0 {
		names := make([]string, len(near))
		for i, k := range near {
			names[i] = k.String()
		}
		reason += "; there is " + strings.Join(names, ", ")
	}
	return &ConfigError{Code: CodePortalNotFound, What: key.from(), Reason: reason}
}

// ask runs a job and takes what came of it into the registry. stored says whether it is
// of an entry of the registry.
func (s *Service) ask(ctx context.Context, key Key, j job, stored bool) Result {
	one := func(yield func(*job) bool) { yield(&j) }
	r := Result{Portal: j.portal, InitiatorName: j.name, Err: &Error{Stage: StageValidate, Portal: j.portal.Portal, Err: context.Cause(ctx)}}
	for r = range s.cfg.Discoverer.discoverAll(ctx, one, 1) {
	}
	r.Stored = stored
	s.learn(ctx, key, &r)
	return r
}

// learn takes a result into the registry: the targets of a portal that answered,
// and in the entry, if there is one, how it went. What is our own fault says nothing of
// the portal, and leaves how it went before. Secrets leave the result.
func (s *Service) learn(ctx context.Context, key Key, r *Result) {
	r.Portal = withoutSecrets(r.Portal)
	own := ownFault(ctx, r.Err)
	// What was found is kept even if nobody waits for it any more.
	ctx = context.WithoutCancel(ctx)
	now := s.now()
	if r.Err == nil {
		if err := s.merge(ctx, key, r, now); err != nil {
			r.Err, own = s.failed(key, storeError(err)), true
		}
	}
	if own {
		return
	}
	last := LastResult{Time: now, Code: Code(r.Err), Targets: r.TargetsFound, LeftOut: r.LeftOut}
	if r.Source.IsValid() {
		last.Source = r.Source.String()
	}
	var e *Error
	if errors.As(r.Err, &e) {
		last.Stage, last.Message = e.Stage.String(), strings.TrimPrefix(e.Error(), "initiator: ")
	}
	err := retryConflicts(ctx, func() error { return s.note(ctx, key, &last) })
	if err != nil && r.Err == nil {
		r.Err = s.failed(key, storeError(err))
	}
}

// note writes how the last discovery went into the entry of key, if there still
// is one.
func (s *Service) note(ctx context.Context, key Key, last *LastResult) error {
	old, err := s.cfg.Store.Get(ctx, key.record())
	if err != nil || old.Version == 0 {
		return err
	}
	var r portalRecord
	if err := decode(old, &r); err != nil {
		return err
	}
	judged := *last
	if last.Code != CodeSuccess || last.LeftOut > 0 {
		judged.NotJudgedSince = r.Last.notJudgedSince(last.Time)
	}
	r.Last = &judged
	return s.cfg.Store.Apply(ctx, Change{Key: old.Key, Version: old.Version, Value: encode(r)})
}

// failed makes an *Error about an entry; nil stays nil.
func (s *Service) failed(key Key, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Stage: StageValidate, Portal: key.Portal, Err: err}
	}
	if e.Portal.Address == "" {
		e.Portal = key.Portal
	}
	return err
}

// refusedResult is the result of a portal that was not stored.
func refusedResult(p SendTargetPortal, err error) (Result, error) {
	var e *Error
	if !errors.As(err, &e) {
		err = &Error{Stage: StageValidate, Portal: p.Portal, Err: err}
	} else if e.Portal.Address == "" {
		e.Portal = p.Portal
	}
	return Result{Portal: withoutSecrets(p), Err: err}, err
}

// withoutSecrets returns p as it may be shown.
func withoutSecrets(p SendTargetPortal) SendTargetPortal {
	p.Login.Password, p.Login.TargetPassword, p.IPsec.Key = auth.Secret{}, auth.Secret{}, auth.Secret{}
	return p
}
