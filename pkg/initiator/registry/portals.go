package registry

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// AddSendTargetPortal stores a portal in the registry and asks it
// (AddIScsiSendTargetPortal of the reference API). An entry with the same key is
// replaced, with all its options, and asked again: that is the warning WarnReplaced.
//
// What is refused stores nothing; what fails on the network leaves the portal
// stored. Result.Stored tells which it was. The error is Result.Err.
func (s *Service) AddSendTargetPortal(ctx context.Context, p initiator.SendTargetPortal) (r initiator.Result, err error) {
	for r = range s.AddSendTargetPortals(ctx, []initiator.SendTargetPortal{p}) {
	}
	return r, r.Err
}

// AddSendTargetPortals is AddSendTargetPortal for several portals. All are stored first;
// then they are asked, many at once. It yields a result for each, in their order.
func (s *Service) AddSendTargetPortals(ctx context.Context, portals []initiator.SendTargetPortal) iter.Seq[initiator.Result] {
	return func(yield func(initiator.Result) bool) {
		n := len(portals)
		keys, requests, replaced := make([]initiator.Key, n), make([]initiator.Request, n), make([]bool, n)
		for i, p := range portals {
			requests[i], replaced[i] = s.addEntry(ctx, p)
			keys[i] = requests[i].Portal.Key()
		}
		begin := func(i int) (initiator.Request, *begun) {
			refused := requests[i].Err != nil
			return requests[i], &begun{key: keys[i], listed: !refused, refused: refused}
		}
		i := 0
		s.askBegun(ctx, keys, begin, s.cfg.Discoverer.DiscoverRequests, func(r initiator.Result) bool {
			r.Stored = requests[i].Err == nil
			if replaced[i] {
				r.Warnings = slices.Insert(r.Warnings, 0, initiator.Warning{Code: initiator.WarnReplaced, Message: replacedText(keys[i])})
			}
			i++
			return yield(r)
		})
	}
}

// addEntry stores the entry of a portal, and returns the request to ask it, or, where it is
// refused, one that says why. replaced: there was an entry with the same key.
func (s *Service) addEntry(ctx context.Context, p initiator.SendTargetPortal) (j initiator.Request, replaced bool) {
	j, err := s.admitted(ctx, &p, true)
	if err == nil {
		err = storeError(retryConflicts(ctx, func() (err error) {
			replaced, err = s.store(ctx, &p)
			return err
		}))
	}
	if err != nil {
		r, err := refusedResult(p, err)
		return initiator.Request{Portal: r.Asked, Err: err}, false
	}
	return j, replaced
}

// StoreSendTargetPortal stores a portal as AddSendTargetPortal does, by the same rules, and
// sends nothing: a watch of the registry asks it. An entry with the same key is replaced
// where replace is set; otherwise it stays, and stored is false.
func (s *Service) StoreSendTargetPortal(ctx context.Context, p initiator.SendTargetPortal, replace bool) (stored bool, err error) {
	if _, err = s.admitted(ctx, &p, true); err == nil {
		err = storeError(retryConflicts(ctx, func() error {
			old, err := s.cfg.Store.Get(ctx, rowkey.OfEntry(p.Key()))
			if stored = replace || old.Version == 0; err != nil || !stored {
				return err
			}
			return s.replace(ctx, old, &p, true)
		}))
	}
	if err != nil {
		_, err = refusedResult(p, err)
	}
	return stored && err == nil, err
}

// ChangeSendTargetPortal changes options of the entry of a key, and asks its portal again.
// change gets the entry with its options and the secrets that are sealed in it; those that
// it does not touch stay. The changed entry is held against the same rules as one that is
// added. change may be called several times, and its error is returned as it is.
func (s *Service) ChangeSendTargetPortal(ctx context.Context, key initiator.Key, change func(*initiator.SendTargetPortal) error) (initiator.Result, error) {
	var c *changedEntry
	err := retryConflicts(ctx, func() (err error) {
		if c, err = s.changed(ctx, key, change, true); err != nil {
			return err
		}
		// Flags that stay as they were are not defined anew: the newest definition counts for
		// all entries of the portal without flags.
		return storeError(s.replace(ctx, c.record, &c.portal, c.before.Security != c.portal.Security))
	})
	if err != nil {
		return refusedResult(initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}, err)
	}
	r := s.ask(ctx, c.portal.Key(), c.request, nil, true)
	return r, r.Err
}

// CheckChange returns the entry of a key as it is and as ChangeSendTargetPortal would leave
// it, or why it would not. Nothing is stored and nothing is sent.
func (s *Service) CheckChange(ctx context.Context, key initiator.Key, change func(*initiator.SendTargetPortal) error) (before, after StoredPortal, err error) {
	c, err := s.changed(ctx, key, change, false)
	if err != nil {
		return before, after, s.failed(key, err)
	}
	return c.before, c.after, nil
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
	r, err := s.cfg.Store.Get(ctx, rowkey.OfEntry(key))
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
		for r, err := range s.cfg.Store.List(ctx, rowkey.Portal) {
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
