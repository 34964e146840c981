package registry

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// A readEntry is an entry of the registry as it was read.
type readEntry struct {
	portalRecord
	version uint64
}

// readEntry reads the entry of a key; nil: there is none.
func (s *Service) readEntry(ctx context.Context, key initiator.Key) (*readEntry, error) {
	r, err := s.cfg.Store.Get(ctx, rowkey.OfEntry(key))
	if err != nil || r.Version == 0 {
		return nil, err
	}
	e := &readEntry{version: r.Version}
	return e, decode(r, &e.portalRecord)
}

// remove deletes the entry of a key, and with the last entry of a portal what is
// remembered of it.
func (s *Service) remove(ctx context.Context, key initiator.Key) error {
	r, err := s.cfg.Store.Get(ctx, rowkey.OfEntry(key))
	if err != nil {
		return storeError(err)
	}
	if r.Version == 0 {
		return s.notFound(ctx, key)
	}
	changes := []Change{{Key: r.Key, Version: r.Version, Delete: true}}
	seen, err := s.keepSeen(ctx, r)
	if err != nil {
		return storeError(err)
	}
	changes = append(changes, seen...)
	others := 0
	for o, err := range s.cfg.Store.List(ctx, rowkey.OfPortal(rowkey.Portal, key.Portal)) {
		if err != nil {
			return storeError(err)
		}
		if o.Key != r.Key {
			others++
		}
	}
	if others == 0 {
		for b, err := range s.cfg.Store.List(ctx, rowkey.OfPortal(rowkey.Bitmap, key.Portal)) {
			if err != nil {
				return storeError(err)
			}
			changes = append(changes, Change{Key: b.Key, Version: AnyVersion, Delete: true})
		}
	}
	if err = s.applyInTurn(ctx, changes); err == nil {
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

// entry returns the request of a key, and its entry, if that could be read: of the entry, or, where there is none, of a
// portal without options. numbers is as for admit.
func (s *Service) entry(ctx context.Context, key initiator.Key, numbers bool) (j initiator.Request, e *readEntry, listed bool, err error) {
	r, err := s.cfg.Store.Get(ctx, rowkey.OfEntry(key))
	if err != nil {
		return initiator.Request{}, nil, false, storeError(err)
	}
	if r.Version == 0 {
		p := initiator.SendTargetPortal{Instance: key.Instance, Port: key.Port, Portal: key.Portal}
		j, err = s.admit(ctx, &p, numbers)
		return j, nil, false, s.failed(key, err)
	}
	selector, err := s.Selector(ctx, numbers)
	if err != nil {
		return initiator.Request{}, nil, true, err
	}
	j, e = s.request(ctx, r, selector)
	return j, e, true, nil
}

// Request makes the request of an entry. Where that fails the request says so, so that it
// costs this portal and no other. The entry is nil where it cannot be read.
func (s *Service) request(ctx context.Context, r Record, selector *ports.Selector) (initiator.Request, *readEntry) {
	e := &readEntry{version: r.Version}
	if err := decode(r, &e.portalRecord); err != nil {
		p, err := unreadable(r, err)
		return initiator.Request{Portal: p, Err: err}, nil
	}
	p := e.portal()
	j, err := s.opened(ctx, p, &e.portalRecord, selector)
	if err != nil {
		j = initiator.Request{Portal: p, Err: s.failed(p.Key(), err)}
	}
	return j, e
}

// unreadable returns what is known of an entry that could not be read, which is
// its key, and the *Error that says so.
func unreadable(r Record, err error) (initiator.SendTargetPortal, error) {
	k, _ := rowkey.EntryKey(r.Key)
	p := initiator.SendTargetPortal{Instance: k.Instance, Port: k.Port, Portal: k.Portal}
	return p, &initiator.Error{Stage: initiator.StageStore, Portal: k.Portal, Err: err}
}

// opened is prepare for an entry whose secrets the registry keeps.
func (s *Service) opened(ctx context.Context, p initiator.SendTargetPortal, r *portalRecord, selector *ports.Selector) (initiator.Request, error) {
	if err := s.revealAll(ctx, r, &p); err != nil {
		return initiator.Request{}, err
	}
	return s.prepare(ctx, p, selector)
}

// store writes the entry of p, and returns whether there was one with the same key.
func (s *Service) store(ctx context.Context, p *initiator.SendTargetPortal) (replaced bool, err error) {
	old, err := s.cfg.Store.Get(ctx, rowkey.OfEntry(p.Key()))
	if err != nil {
		return false, err
	}
	return old.Version != 0, s.replace(ctx, old, p, true)
}

// replace writes the entry of p in the place of its record as it was read. defines: its
// security flags are given now, and are the newest that are remembered of the portal.
func (s *Service) replace(ctx context.Context, old Record, p *initiator.SendTargetPortal, defines bool) (err error) {
	row := rowkey.OfEntry(p.Key())
	added, last := s.now(), (*LastResult)(nil)
	var (
		answer *answerRecord
		seen   []Change
	)
	if old.Version != 0 {
		var before portalRecord
		err := decode(old, &before)
		if newer := (*RecordFormatError)(nil); errors.As(err, &newer) {
			return err // it is not ours to replace
		}
		if err == nil { // a damaged entry is replaced
			added, last, answer = before.Added, before.Last, before.Answer
		}
		if before.Instance != p.Instance { // what it finds is another mechanism's from now on
			answer = nil
			if seen, err = s.keepSeen(ctx, old); err != nil {
				return err
			}
		}
	}
	secrets, err := s.keepAll(p, row) // may make a key file, so what is refused comes before
	if err != nil {
		return err
	}
	r := newPortalRecord(p, secrets)
	r.Added, r.Last, r.Answer = added, last, answer
	changes, err := s.claim(ctx, p.Instance)
	if err != nil {
		return err
	}
	if defines {
		remembered, err := s.remember(ctx, p)
		if err != nil {
			return err
		}
		changes = slices.Concat(changes, remembered)
	}
	changes = slices.Concat(changes, seen)
	return s.cfg.Store.Apply(ctx, append(changes, Change{Key: row, Version: old.Version, Value: encode(r)})...)
}

// A changedEntry is an entry of the registry with options that are changed, not stored yet.
type changedEntry struct {
	before, after StoredPortal
	record        Record // as it was read
	request       initiator.Request
	portal        initiator.SendTargetPortal // after, with the secrets that the registry keeps
}

// changed returns the entry of a key as change leaves it, held against the rules as
// AddSendTargetPortal holds it. numbers is as for admit.
func (s *Service) changed(ctx context.Context, key initiator.Key, change func(*initiator.SendTargetPortal) error, numbers bool) (*changedEntry, error) {
	r, err := s.cfg.Store.Get(ctx, rowkey.OfEntry(key))
	if err != nil {
		return nil, storeError(err)
	}
	if r.Version == 0 {
		return nil, s.notFound(ctx, key)
	}
	var was portalRecord
	if err := decode(r, &was); err != nil {
		return nil, storeError(err)
	}
	p := was.portal()
	lost := s.revealSealed(ctx, &was, &p)
	if err := change(&p); err != nil {
		return nil, err
	}
	for _, l := range lost {
		if l.at.Equal(l.standIn) { // the change neither replaced nor removed it
			return nil, unavailable(l.err)
		}
	}
	if is := was.portal(); !p.Key().Same(is.Key()) {
		return nil, &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "portal", Reason: "the portal, instance and port of an entry cannot be changed: add another entry and remove this one"}
	}
	j, err := s.admitted(ctx, &p, numbers)
	if err != nil {
		return nil, err
	}
	c := &changedEntry{before: was.stored(), record: r, request: j, portal: p}
	c.after = c.before
	c.after.SendTargetPortal = initiator.WithoutSecrets(p)
	c.after.PasswordSet = p.Login.PasswordRef != "" || !p.Login.Password.IsZero()
	c.after.TargetPasswordSet = p.Login.TargetPasswordRef != "" || !p.Login.TargetPassword.IsZero()
	c.after.IPsecKeySet = p.IPsec.PSKRef != "" || !p.IPsec.PSK.IsZero()
	return c, nil
}
