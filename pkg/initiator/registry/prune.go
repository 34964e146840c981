package registry

import (
	"context"
	"strings"
	"time"
)

// PruneTargets forgets targets that were found by SendTargets and are missing, or
// whose entry is gone, for at least as long; for 0 all of them. By a clock that was
// set back it forgets too few rather than too many. What a refresh finds again
// meanwhile stays. It returns how many records it forgot; a target by two mechanisms
// is two. A record that cannot be read stays, see RemoveStaticTarget, unless its key
// is a hash, which a user could not name.
func (s *Service) PruneTargets(ctx context.Context, missingFor time.Duration) (pruned int, err error) {
	p := pruning{Service: s, missingFor: missingFor, before: s.now().Add(-missingFor), portals: make(map[string]*portalState)}
	for _, prefix := range []string{prefixTarget, prefixLongTarget} {
		for r, err := range s.cfg.Store.List(ctx, prefix) {
			if err != nil {
				return pruned, storeError(err)
			}
			forgot, err := p.record(ctx, r)
			if err != nil {
				return pruned, storeError(err)
			}
			if forgot {
				pruned++
			}
		}
	}
	return pruned, nil
}

// A pruning is one run of PruneTargets.
type pruning struct {
	*Service
	missingFor time.Duration
	before     time.Time // when what is forgotten became missing at the latest
	portals    map[string]*portalState
}

// record forgets a target's record that was read, if it is to be forgotten. Where
// another writer was ahead, what is there then is judged.
func (p *pruning) record(ctx context.Context, r Record) (forgot bool, err error) {
	again := false
	err = retryConflicts(ctx, func() error {
		if again {
			clear(p.portals)
			var err error
			if r, err = p.cfg.Store.Get(ctx, r.Key); err != nil {
				return err
			}
		}
		again = true
		changes, err := p.changes(ctx, r)
		if err != nil || len(changes) == 0 {
			return err
		}
		err = p.cfg.Store.Apply(ctx, changes...)
		forgot = err == nil
		return err
	})
	return forgot, err
}

// changes returns what forgets a record; none where it is to stay. They hold only if
// the record is as it was read, and the entry that was gone is so still.
func (p *pruning) changes(ctx context.Context, r Record) ([]Change, error) {
	keys, ok := targetKeysOf(r.Key)
	if !ok || r.Version == 0 {
		return nil, nil
	}
	forget := []Change{
		{Key: r.Key, Version: r.Version, Delete: true},
		{Key: keys.index, Version: AnyVersion, Delete: true},
	}
	var found foundRecord
	if err := decode(r, &found); err != nil {
		if strings.HasPrefix(r.Key, prefixLongTarget) {
			return forget, nil
		}
		return nil, nil
	}
	m := found.mechanism()
	if err := p.judge(ctx, &m, p.portals); err != nil {
		return nil, err
	}
	since := m.MissingSince
	if m.Stale && since.IsZero() {
		since = m.LastSeen
		if key := recordOf(m.Portal); p.portals[key].stale {
			forget = append(forget, Change{Key: key, Version: 0, Delete: true}) // nothing, or a conflict
		}
	}
	if m.Static || since.IsZero() || p.missingFor > 0 && since.After(p.before) {
		return nil, nil
	}
	return forget, nil
}
