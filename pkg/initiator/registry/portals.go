package registry

import (
	"context"
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
	r := s.ask(ctx, key, j, true)
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
		return r.Portal, err
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
		listed bool
	)
	under, err := s.underRules(ctx, true)
	if err == nil {
		j, listed, err = under.entry(ctx, key, true)
	}
	if err != nil {
		return refusedResult(initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}, err)
	}
	r := s.ask(ctx, j.Portal.Key(), j, listed)
	return r, r.Err
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
					j = initiator.Request{Portal: r.Portal, Err: err}
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
				s.learn(ctx, r.Portal.Key(), &r)
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
		return len(all), refused(&isdsc.Error{Code: isdsc.Win32InsufficientBuffer, What: "report", Reason: "the registry has more portals than this host has memory for"})
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
