package registry

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// AddSendTargetPortal stores a portal in the registry and asks it
// (AddIScsiSendTargetPortal of the reference API). An entry with the same key is
// replaced, with all its options, and asked again: that is the warning WarnReplaced.
//
// What is refused stores nothing; what fails on the network leaves the portal
// stored. Result.Stored tells which it was. The error is Result.Err.
func (s *Service) AddSendTargetPortal(ctx context.Context, p initiator.SendTargetPortal) (initiator.Result, error) {
	j, err := s.admitted(ctx, &p, true)
	if err != nil {
		return refusedResult(p, err)
	}
	key := p.Key()
	replaced := false
	err = retryConflicts(ctx, func() (err error) {
		replaced, err = s.store(ctx, &p)
		return err
	})
	if err != nil {
		return refusedResult(p, storeError(err))
	}
	r := s.ask(ctx, key, j, nil, true)
	if replaced {
		r.Warnings = slices.Insert(r.Warnings, 0, initiator.Warning{Code: initiator.WarnReplaced, Message: replacedText(key)})
	}
	return r, r.Err
}

// replacedText says that an entry was there before.
func replacedText(key initiator.Key) string {
	return "the entry that was in the registry (" + key.From() + ") is replaced: options that are not given now return to their defaults"
}

// CheckSendTargetPortal returns a portal as AddSendTargetPortal would store it,
// or why it would not. Nothing is stored and nothing is sent.
func (s *Service) CheckSendTargetPortal(ctx context.Context, p initiator.SendTargetPortal) (initiator.SendTargetPortal, error) {
	if _, err := s.admitted(ctx, &p, false); err != nil {
		r, err := refusedResult(p, err)
		return r.Asked, err
	}
	return initiator.WithoutSecrets(p), nil
}

// Listed reports whether the registry has an entry of a key, also one that cannot be
// read.
func (s *Service) Listed(ctx context.Context, key initiator.Key) (bool, error) {
	r, err := s.cfg.Store.Get(ctx, recordOf(key))
	return r.Version != 0, storeError(err)
}

// RemoveSendTargetPortal removes the entry of a key from the registry
// (RemoveIScsiSendTargetPortal of the reference API). The targets that it found
// stay in the list. Where there is no such entry the error names those that come
// near.
func (s *Service) RemoveSendTargetPortal(ctx context.Context, key initiator.Key) error {
	err := retryConflicts(ctx, func() error { return s.remove(ctx, key) })
	return s.failed(key, err)
}

// RefreshSendTargetPortal asks a portal and takes its answer into the list of
// targets (RefreshIScsiSendTargetPortal of the reference API). A portal that is
// not in the registry is asked without options, and not added.
func (s *Service) RefreshSendTargetPortal(ctx context.Context, key initiator.Key) (initiator.Result, error) {
	var (
		j      initiator.Request
		e      *readEntry
		listed bool
	)
	under, err := s.underRules(ctx, true)
	if err == nil {
		j, e, listed, err = under.entry(ctx, key, true)
	}
	if err != nil {
		return refusedResult(initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}, err)
	}
	r := s.ask(ctx, j.Portal.Key(), j, e, listed)
	return r, r.Err
}

// SendTargetPortals yields the entries of the registry, by address
// (ReportIScsiSendTargetPortalsEx of the reference API). Flags and options are
// as they were given; secrets stay where they are.
//
// An entry that cannot be read, since it is damaged or a newer version wrote it, is
// yielded with an error and nothing but its key; the others follow. An error without
// a portal is the registry's, and the last.
func (s *Service) SendTargetPortals(ctx context.Context) iter.Seq2[StoredPortal, error] {
	return func(yield func(StoredPortal, error) bool) {
		for r, err := range s.cfg.Store.List(ctx, prefixPortal) {
			if err != nil {
				yield(StoredPortal{}, storeError(err))
				return
			}
			var p portalRecord
			var stored StoredPortal
			if err = decode(r, &p); err != nil {
				stored.SendTargetPortal, err = unreadable(r, err)
			} else {
				stored = p.stored()
			}
			if !yield(stored, err) {
				return
			}
		}
	}
}

// keys yields the keys of the entries of the registry, also of those that cannot be
// read.
func (s *Service) keys(ctx context.Context) iter.Seq2[initiator.Key, error] {
	return func(yield func(initiator.Key, error) bool) {
		for p, err := range s.SendTargetPortals(ctx) {
			if p.Portal.Address != "" {
				err = nil
			}
			if !yield(p.Key(), err) || err != nil {
				return
			}
		}
	}
}

// ReportSendTargetPortals fills portals with the entries of the registry and
// returns how many there are (ReportIScsiSendTargetPortals of the reference
// API). Where that is more than there is room for, the error has the code
// isdsc.Win32InsufficientBuffer, and nothing is filled in.
func (s *Service) ReportSendTargetPortals(ctx context.Context, portals []initiator.Key) (count int, err error) {
	var all []initiator.Key
	for k, err := range s.keys(ctx) {
		if err != nil {
			return 0, err
		}
		all = append(all, k)
	}
	if len(all) > len(portals) {
		return len(all), refused(&isdsc.Error{Code: isdsc.Win32InsufficientBuffer, What: "report", Reason: "the registry has more portals than the slice has room for"})
	}
	return copy(portals, all), nil
}

// Near returns the entries of the registry that key may have meant: those of the
// same address and TCP port, then those of the same address.
func (s *Service) Near(ctx context.Context, key initiator.Key) ([]initiator.Key, error) {
	var near, far []initiator.Key
	for k, err := range s.keys(ctx) {
		if err != nil {
			return nil, err
		}
		if k.Portal.Canonical() != key.Portal.Canonical() {
			continue
		}
		if k.Portal.Port == key.Portal.Port {
			near = append(near, k)
		} else {
			far = append(far, k)
		}
	}
	return slices.Concat(near, far), nil
}

// store writes the entry of p. replaced says that there was one with the same key.
func (s *Service) store(ctx context.Context, p *initiator.SendTargetPortal) (replaced bool, err error) {
	row := recordOf(p.Key())
	old, err := s.cfg.Store.Get(ctx, row)
	if err != nil {
		return false, err
	}
	added, last := s.now(), (*LastResult)(nil)
	var (
		answer *answerRecord
		seen   []Change
	)
	if old.Version != 0 {
		var before portalRecord
		err := decode(old, &before)
		if newer := (*RecordFormatError)(nil); errors.As(err, &newer) {
			return false, err // it is not ours to replace
		}
		if err == nil { // a damaged entry is replaced
			added, last, answer = before.Added, before.Last, before.Answer
		}
		if before.Instance != p.Instance { // what it finds is another mechanism's from now on
			answer = nil
			if seen, err = s.keepSeen(ctx, old); err != nil {
				return false, err
			}
		}
	}
	secrets, err := s.keepAll(p, row) // may make a key file, so what is refused comes before
	if err != nil {
		return false, err
	}
	r := newPortalRecord(p, secrets)
	r.Added, r.Last, r.Answer = added, last, answer
	changes, err := s.claim(ctx, p.Instance)
	if err != nil {
		return false, err
	}
	remembered, err := s.remember(ctx, p)
	if err != nil {
		return false, err
	}
	changes = slices.Concat(changes, remembered, seen)
	return old.Version != 0, s.cfg.Store.Apply(ctx, append(changes, Change{Key: row, Version: old.Version, Value: encode(r)})...)
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
