package registry

import (
	"context"
	"errors"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// store writes the entry of p. replaced says that there was one with the same key.
func (s *Service) store(ctx context.Context, p *initiator.SendTargetPortal) (replaced bool, err error) {
	row := recordOf(p.Key())
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
	if r.IPsecKey, err = s.keep(p.IPsec.PSK, p.IPsec.PSKRef, row, fieldIPsecKey); err != nil {
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
func (s *Service) remove(ctx context.Context, key initiator.Key) error {
	r, err := s.cfg.Store.Get(ctx, recordOf(key))
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
func (s *Service) notFound(ctx context.Context, key initiator.Key) error {
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
	return &isdsc.Error{Code: isdsc.PortalNotFound, What: key.From(), Reason: reason}
}

// ask runs a request and takes what came of it into the registry. stored says whether it is
// of an entry of the registry.
func (s *Service) ask(ctx context.Context, key initiator.Key, j initiator.Request, stored bool) initiator.Result {
	one := func(yield func(*initiator.Request) bool) { yield(&j) }
	r := initiator.Result{Asked: j.Portal, InitiatorName: j.Name, Err: &initiator.Error{Stage: initiator.StageValidate, Portal: j.Portal.Portal, Err: context.Cause(ctx)}}
	for r = range s.cfg.Discoverer.DiscoverRequests(ctx, one, 1) {
	}
	r.Stored = stored
	s.learn(ctx, key, &r)
	return r
}

// learn takes a result into the registry: the targets of a portal that answered,
// and in the entry, if there is one, how it went. What is our own fault says nothing of
// the portal, and leaves how it went before. Secrets leave the result.
func (s *Service) learn(ctx context.Context, key initiator.Key, r *initiator.Result) {
	r.Asked = initiator.WithoutSecrets(r.Asked)
	own := ownFault(ctx, r.Err)
	// What was found is stored even if the caller has given up.
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
	last := LastResult{Time: now, Code: initiator.Code(r.Err), Targets: r.TargetsFound, LeftOut: r.LeftOut}
	if r.Source.IsValid() {
		last.Source = r.Source.String()
	}
	var e *initiator.Error
	if errors.As(r.Err, &e) {
		last.Stage, last.Message = e.Stage.String(), e.Error()
	}
	err := retryConflicts(ctx, func() error { return s.note(ctx, key, &last) })
	if err != nil && r.Err == nil {
		r.Err = s.failed(key, storeError(err))
	}
}

// note writes how the last discovery went into the entry of key, if there still
// is one.
func (s *Service) note(ctx context.Context, key initiator.Key, last *LastResult) error {
	old, err := s.cfg.Store.Get(ctx, recordOf(key))
	if err != nil || old.Version == 0 {
		return err
	}
	var r portalRecord
	if err := decode(old, &r); err != nil {
		return err
	}
	judged := *last
	if last.Code != isdsc.Success || last.LeftOut > 0 {
		judged.NotJudgedSince = r.Last.notJudgedSince(last.Time)
	}
	r.Last = &judged
	return s.cfg.Store.Apply(ctx, Change{Key: old.Key, Version: old.Version, Value: encode(r)})
}

// failed makes an *Error about an entry; nil stays nil.
func (s *Service) failed(key initiator.Key, err error) error {
	if err == nil {
		return nil
	}
	var e *initiator.Error
	if !errors.As(err, &e) {
		return &initiator.Error{Stage: initiator.StageValidate, Portal: key.Portal, Err: err}
	}
	if e.Portal.Address == "" {
		e.Portal = key.Portal
	}
	return err
}

// refusedResult is the result of a portal that was not stored.
func refusedResult(p initiator.SendTargetPortal, err error) (initiator.Result, error) {
	var e *initiator.Error
	if !errors.As(err, &e) {
		err = &initiator.Error{Stage: initiator.StageValidate, Portal: p.Portal, Err: err}
	} else if e.Portal.Address == "" {
		e.Portal = p.Portal
	}
	return initiator.Result{Asked: initiator.WithoutSecrets(p), Err: err}, err
}
