package registry

import (
	"context"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// PruneTargets forgets targets that were found by SendTargets and are missing, or
// whose entry is gone, for at least as long; for 0 all of them. By a clock that was
// set back it forgets too few rather than too many. What a refresh finds again
// meanwhile stays. It returns how many records it forgot; a target by two mechanisms
// is two. A record that cannot be read stays, see RemoveStaticTarget, unless its key
// is a hash, which a user could not name.
func (s *Service) PruneTargets(ctx context.Context, missingFor time.Duration) (pruned int, err error) {
	p := pruning{
		Service: s, missingFor: missingFor, before: s.now().Add(-missingFor),
		states: make(map[string]*portalState), forgotten: make(map[string]bool),
	}
	for _, prefix := range []string{rowkey.Target, rowkey.LongTarget} {
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
	return pruned, storeError(p.tidy(ctx))
}

// A pruning is one run of PruneTargets.
type pruning struct {
	*Service
	missingFor time.Duration
	before     time.Time // when what is forgotten became missing at the latest
	states     map[string]*portalState
	forgotten  map[string]bool // mechanisms of which something was forgotten
	mechanism  string          // of the record at hand; empty: it is not known
}

// record forgets a target's record that was read, if it is to be forgotten. Where
// another writer was ahead, what is there then is judged.
func (p *pruning) record(ctx context.Context, r Record) (forgot bool, err error) {
	again := false
	err = retryConflicts(ctx, func() error {
		if again {
			clear(p.states)
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
		if forgot = err == nil; forgot && p.mechanism != "" {
			p.forgotten[p.mechanism] = true
			delete(p.states, p.mechanism) // its seenRecord has another version now
		}
		return err
	})
	return forgot, err
}

// tidy deletes what is kept of mechanisms that no target is left of.
func (p *pruning) tidy(ctx context.Context) error {
	for mechanism := range p.forgotten {
		err := retryConflicts(ctx, func() error {
			_, r, err := p.seen(ctx, mechanism)
			if err != nil || r.Version == 0 {
				return err
			}
			if any, err := p.hasFound(ctx, mechanism); any || err != nil {
				return err
			}
			return p.cfg.Store.Apply(ctx, Change{Key: r.Key, Version: r.Version, Delete: true})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unchanged returns the change that holds a record to be as it was read, and writes
// nothing else.
func unchanged(r Record) Change {
	return Change{Key: r.Key, Version: r.Version, Value: r.Value, Delete: r.Version == 0}
}

// changes returns what forgets a record; none where it is to stay. They hold only if
// the record is as it was read, and the entry that was gone is so still.
func (p *pruning) changes(ctx context.Context, r Record) ([]Change, error) {
	keys, ok := rowkey.ParseTarget(r.Key)
	if !ok || r.Version == 0 {
		return nil, nil
	}
	forget := []Change{
		{Key: r.Key, Version: r.Version, Delete: true},
		{Key: keys.Index, Version: AnyVersion, Delete: true},
	}
	p.mechanism = ""
	var found foundRecord
	if err := decode(r, &found); err != nil {
		if !strings.HasPrefix(r.Key, rowkey.LongTarget) {
			return nil, nil
		}
		again, err := p.uncompared(ctx, rowkey.MechanismPart(r.Key))
		return append(forget, again...), err
	}
	m, err := p.judge(ctx, &found, p.states)
	if err != nil {
		return nil, err
	}
	p.mechanism = m.Text
	since := m.MissingSince
	if m.Stale && since.IsZero() {
		since = m.LastSeen
		if state := p.states[m.Text]; state.gone {
			// Nothing, or a conflict: the portal was added, or asked, meanwhile.
			entry := rowkey.OfEntry(m.Portal)
			if m.ISNS.Address != "" {
				entry = rowkey.OfServer(m.ISNS)
			}
			forget = append(forget, Change{Key: entry, Version: 0, Delete: true}, unchanged(state.seenRecord))
		}
	}
	if m.Static || since.IsZero() || p.missingFor > 0 && since.After(p.before) {
		return nil, nil
	}
	return forget, nil
}
