package registry

import (
	"context"
	"net/url"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// mergeBatch is how many targets are merged at once: each batch is one
// transaction.
const mergeBatch = 500

// merge takes the whole answer of a portal that was asked by key into the list
// of targets: a new name is added, a known one gets the addresses of this
// answer, and one that this mechanism found before and no longer does is missing
// since now. Nothing is ever deleted, and where the answer is not complete nothing
// becomes missing: the name that is not there may be the one that was left out.
func (s *Service) merge(ctx context.Context, key initiator.Key, result *initiator.Result, now time.Time) error {
	targets := result.Targets
	mechanism := mechanismOf(key)
	seen := make(map[string]bool, len(targets))
	for begin := 0; begin < len(targets); begin += mergeBatch {
		batch := targets[begin:min(begin+mergeBatch, len(targets))]
		for _, t := range batch {
			seen[keysOfTarget(t.Name, mechanism).record] = true
		}
		err := retryConflicts(ctx, func() error { return s.mergeFound(ctx, key, mechanism, batch, now, result) })
		if err != nil {
			return err
		}
	}
	if !result.Complete {
		return nil
	}
	return s.mergeMissing(ctx, mechanism, seen, now)
}

// mergeFound stores targets that were found, some of those of a result.
func (s *Service) mergeFound(ctx context.Context, key initiator.Key, mechanism string, targets []target.Target, now time.Time, result *initiator.Result) error {
	changes := make([]Change, 0, 2*len(targets))
	twice := make(map[string]bool, len(targets)) // names that differ in case alone
	for _, t := range targets {
		keys := keysOfTarget(t.Name, mechanism)
		if twice[keys.record] {
			continue
		}
		twice[keys.record] = true
		old, err := s.cfg.Store.Get(ctx, keys.record)
		if err != nil {
			return err
		}
		r := foundRecord{FirstSeen: now}
		damaged := old.Version != 0 && decode(old, &r) != nil
		if damaged {
			r = foundRecord{FirstSeen: now} // what was in it cannot be had; this is what holds
		}
		r.Name, r.Alias, r.Portal, r.LastSeen, r.MissingSince = t.Name, t.Alias, newKeyRecord(key), later(now, r.FirstSeen), nil
		r.setAddresses(t.Addresses)
		r.setAt(result.Address, t.Addresses)
		r.Unlisted = !result.Stored
		changes = append(changes, Change{Key: keys.record, Version: old.Version, Value: encode(r)})
		if old.Version == 0 || damaged {
			changes = append(changes, Change{Key: keys.index, Version: AnyVersion, Value: []byte("{}")})
		}
	}
	return s.cfg.Store.Apply(ctx, changes...)
}

// mergeMissing marks what a mechanism found before and not this time. seen has the
// keys of what it found this time.
func (s *Service) mergeMissing(ctx context.Context, mechanism string, seen map[string]bool, now time.Time) error {
	escaped := url.PathEscape(mechanism)
	var missing []string // keys of records
	for _, prefix := range []string{prefixFound + escaped + "/", longFoundPrefix(escaped)} {
		for r, err := range s.cfg.Store.List(ctx, prefix) {
			if err != nil {
				return err
			}
			if keys, ok := targetKeysOf(r.Key); ok && !seen[keys.record] {
				missing = append(missing, keys.record)
			}
		}
	}
	for begin := 0; begin < len(missing); begin += mergeBatch {
		batch := missing[begin:min(begin+mergeBatch, len(missing))]
		err := retryConflicts(ctx, func() error { return s.markMissing(ctx, batch, now) })
		if err != nil {
			return err
		}
	}
	return nil
}

// markMissing sets the time since when targets are missing, where none is set. A
// record that cannot be read stays as it is.
func (s *Service) markMissing(ctx context.Context, records []string, now time.Time) error {
	var changes []Change
	for _, key := range records {
		old, err := s.cfg.Store.Get(ctx, key)
		if err != nil {
			return err
		}
		var r foundRecord
		if old.Version == 0 || decode(old, &r) != nil || r.MissingSince != nil {
			continue // pruned meanwhile, damaged, or missing before
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
