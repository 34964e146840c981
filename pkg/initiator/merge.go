package initiator

import (
	"context"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// mergeBatch is how many targets are merged at once: each batch is one
// transaction.
const mergeBatch = 500

// merge takes the whole answer of a portal that was asked by key into the list
// of targets: a new name is added, a known one gets the addresses of this
// answer, and one that this mechanism found before and no longer does is missing
// since now. Nothing is ever deleted, and where the answer is not complete nothing
// becomes missing: the name that is not there may be the one that was left out.
func (s *Service) merge(ctx context.Context, key Key, targets []Target, now time.Time, at netip.AddrPort, complete bool) error {
	mechanism := key.mechanism()
	seen := make(map[string]bool, len(targets))
	for begin := 0; begin < len(targets); begin += mergeBatch {
		batch := targets[begin:min(begin+mergeBatch, len(targets))]
		for _, t := range batch {
			seen[foldedKey(t.Name)] = true
		}
		err := retryConflicts(ctx, func() error { return s.mergeFound(ctx, key, mechanism, batch, now, at) })
		if err != nil {
			return err
		}
	}
	if !complete {
		return nil
	}
	return s.mergeMissing(ctx, mechanism, seen, now)
}

// mergeFound stores targets that were found.
func (s *Service) mergeFound(ctx context.Context, key Key, mechanism string, targets []Target, now time.Time, at netip.AddrPort) error {
	changes := make([]Change, 0, 2*len(targets))
	twice := make(map[string]bool, len(targets)) // names that differ in case alone
	for _, t := range targets {
		record := targetKey(t.Name, mechanism)
		if twice[record] {
			continue
		}
		twice[record] = true
		old, err := s.cfg.Store.Get(ctx, record)
		if err != nil {
			return err
		}
		r := foundRecord{FirstSeen: now}
		if old.Version != 0 {
			if err := decode(old, &r); err != nil {
				return err
			}
		}
		r.Name, r.Alias, r.Portal, r.LastSeen, r.MissingSince = t.Name, t.Alias, newKeyRecord(key), later(now, r.FirstSeen), nil
		r.setAddresses(t.Addresses)
		r.setAt(at, t.Addresses)
		changes = append(changes, Change{Key: record, Version: old.Version, Value: encode(r)})
		if old.Version == 0 {
			changes = append(changes, Change{Key: foundPrefix(mechanism) + foldedKey(t.Name), Version: AnyVersion, Value: []byte("{}")})
		}
	}
	return s.cfg.Store.Apply(ctx, changes...)
}

// mergeMissing marks what a mechanism found before and not this time.
func (s *Service) mergeMissing(ctx context.Context, mechanism string, seen map[string]bool, now time.Time) error {
	prefix := foundPrefix(mechanism)
	var missing []string
	for r, err := range s.cfg.Store.List(ctx, prefix) {
		if err != nil {
			return err
		}
		if name := strings.TrimPrefix(r.Key, prefix); !seen[name] {
			missing = append(missing, name)
		}
	}
	for begin := 0; begin < len(missing); begin += mergeBatch {
		batch := missing[begin:min(begin+mergeBatch, len(missing))]
		err := retryConflicts(ctx, func() error { return s.markMissing(ctx, mechanism, batch, now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// markMissing sets the time since when targets are missing, where none is set.
func (s *Service) markMissing(ctx context.Context, mechanism string, folded []string, now time.Time) error {
	var changes []Change
	for _, name := range folded {
		old, err := s.cfg.Store.Get(ctx, prefixTarget+name+"/"+url.PathEscape(mechanism))
		if err != nil {
			return err
		}
		if old.Version == 0 {
			continue // pruned meanwhile
		}
		var r foundRecord
		if err := decode(old, &r); err != nil {
			return err
		}
		if r.MissingSince != nil {
			continue
		}
		since := later(now, r.LastSeen)
		r.MissingSince = &since
		changes = append(changes, Change{Key: old.Key, Version: old.Version, Value: encode(r)})
	}
	return s.cfg.Store.Apply(ctx, changes...)
}

// later returns the later of two times: a clock that was set back meanwhile does
// not make a target missing before it was seen.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
