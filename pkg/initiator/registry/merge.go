package registry

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A merging takes the whole answer of a portal into the list of targets: a new name is
// added, a known one gets the addresses of this answer, and one that this mechanism found
// before and no longer does is missing since now. Only what differs is written. Nothing is
// ever deleted, and where the answer is not complete nothing becomes missing: the name that
// is not there may be the one that was left out.
//
// An answer that takes several batches has the entry in each of them, with the mark of the
// merging in the place of the digest: the digest is never there before all records are, and
// if another answer is merged at the same time, whose mark is found then, there is none.
type merging struct {
	mechanism, escaped string
	portal             *keyRecord
	seenBefore         time.Time // when the answer before came
	seenRecord         Record    // of the mechanism; its Version is 0 where there is none

	targets []*target.Target
	gone    []string // keys of the records of targets that the answer does not have

	done, reached int             // of targets and gone: in the registry, and with the batch that was made last
	told          []change.Change // by that batch
	mark          string
	met           bool // another writer's answer
}

// newMerging returns a merging of an answer of which nothing is in the registry so far.
func (s *Service) newMerging(ctx context.Context, l *learning) (m *merging, err error) {
	m = &merging{mechanism: mechanismOf(l.key), portal: newKeyRecord(l.key), mark: rand.Text()}
	m.escaped = url.PathEscape(m.mechanism)
	if l.entry != nil && l.entry.Answer != nil {
		m.seenBefore = l.entry.Answer.Seen
	}
	if m.seenBefore.IsZero() {
		if m.seenBefore, m.seenRecord, err = s.seen(ctx, m.mechanism); err != nil {
			return nil, err
		}
	}
	here := make(map[string]bool, len(l.result.Targets)) // by key of the record
	for i := range l.result.Targets {
		t := &l.result.Targets[i]
		key := newTargetKeys(foldedKey(t.Name), m.escaped).record
		if !here[key] { // else a name that differs in case alone
			here[key] = true
			m.targets = append(m.targets, t)
		}
	}
	for _, prefix := range []string{prefixFound + m.escaped + "/", longFoundPrefix(m.escaped)} {
		for r, err := range s.cfg.Store.List(ctx, prefix) {
			if err != nil {
				return nil, err
			}
			if keys, ok := targetKeysOf(r.Key); ok && !here[keys.record] {
				m.gone = append(m.gone, keys.record)
			}
		}
	}
	return m, nil
}

// meet looks in the entry, as it is between two batches, for another writer's answer.
func (m *merging) meet(e *readEntry) {
	if e == nil || e.Answer == nil || e.Answer.Merging != m.mark {
		m.met = true
	}
}

// merge returns the next batch of a merging; whole: it is the last.
func (s *Service) merge(ctx context.Context, l *learning) (changes []Change, whole bool, err error) {
	m := l.full
	last, further := m.ends(l)
	b := s.newBatch()
	b.reserve(last, further)
	m.reached, m.told = m.done, nil
	for n := len(m.targets) + len(m.gone); m.reached < n; m.reached++ {
		var (
			changes []Change
			told    *change.Change
		)
		if m.reached < len(m.targets) {
			changes, told, err = s.found(ctx, l, m.targets[m.reached])
		} else {
			changes, told, err = s.missed(ctx, l, m.gone[m.reached-len(m.targets)])
		}
		if err != nil {
			return nil, false, err
		}
		if !b.takes(changes) {
			return append(b.changes, further...), false, nil
		}
		b.add(changes)
		if told != nil {
			m.told = append(m.told, *told)
		}
	}
	return append(b.changes, last...), true, nil
}

// ends returns what the last batch of a merging has beside records of targets, and what the
// others have.
func (m *merging) ends(l *learning) (last, further []Change) {
	switch {
	case l.entry == nil && len(m.targets)+len(m.gone) == 0:
		return nil, nil
	case l.entry == nil:
		return []Change{{Key: seenKey(m.mechanism), Version: AnyVersion, Value: encode(seenRecord{l.now})}}, nil
	}
	a := &answerRecord{Seen: l.now, Compared: l.now}
	if !m.met {
		a.Digest = l.digestOf()
	}
	under := l.entry.portalRecord
	under.Answer = &answerRecord{Seen: m.seenBefore, Merging: m.mark}
	further = []Change{{Key: recordOf(l.key), Version: l.entry.version, Value: encode(under)}}
	last = []Change{l.entryChange(a)}
	if m.seenRecord.Version != 0 { // the entry says it from now on
		last = append(last, Change{Key: m.seenRecord.Key, Version: m.seenRecord.Version, Delete: true})
	}
	return last, further
}

// found returns the changes of a target that the answer has, and what is told of it.
func (s *Service) found(ctx context.Context, l *learning, t *target.Target) ([]Change, *change.Change, error) {
	keys := newTargetKeys(foldedKey(t.Name), l.full.escaped)
	old, err := s.cfg.Store.Get(ctx, keys.record)
	if err != nil {
		return nil, nil, err
	}
	var before foundRecord
	known := old.Version != 0 && decode(old, &before) == nil
	r := before
	if !known {
		r = foundRecord{FirstSeen: l.now} // what may be in a damaged one cannot be had; this is what holds
	}
	r.Name, r.Alias, r.Portal, r.MissingSince, r.Passed = t.Name, t.Alias, l.full.portal, nil, false
	r.setAddresses(t.Addresses)
	r.setAt(l.result.Address, t.Addresses)
	r.Unlisted = !l.result.Stored
	was := target.Target{Alias: before.Alias, Addresses: before.targetAddresses()}
	if known && !change.Alike(&target.Target{Addresses: was.Addresses}, &target.Target{Addresses: t.Addresses}) {
		r.Changed, r.Was = &l.now, before.Addresses
	}
	var told *change.Change
	switch {
	case old.Version == 0, before.MissingSince != nil:
		told = &change.Change{Kind: change.Appeared, Target: t.Name, Is: t.Addresses, AliasIs: t.Alias}
	case known && !change.Alike(&was, t):
		told = &change.Change{Kind: change.Changed, Target: t.Name, Is: t.Addresses, Was: was.Addresses, AliasIs: t.Alias, AliasWas: was.Alias}
	}
	r.LastSeen = later(l.now, r.FirstSeen)
	if known && r.says(&before) && !before.LastSeen.After(r.LastSeen) {
		return nil, told, nil
	}
	changes := []Change{{Key: keys.record, Version: old.Version, Value: encode(r)}}
	if !known {
		changes = append(changes, Change{Key: keys.index, Version: AnyVersion, Value: []byte("{}")})
	}
	return changes, told, nil
}

// missed returns the changes of a target that the answer does not have, where it is not
// missing already, and what is told of it. A record that cannot be read stays as it is.
func (s *Service) missed(ctx context.Context, l *learning, key string) ([]Change, *change.Change, error) {
	old, err := s.cfg.Store.Get(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	var r foundRecord
	if old.Version == 0 || decode(old, &r) != nil || r.MissingSince != nil || r.Passed && !l.result.Complete {
		return nil, nil, nil // pruned meanwhile, damaged, or missing before
	}
	if !r.Passed {
		r.LastSeen = later(r.LastSeen, l.full.seenBefore)
	}
	var told *change.Change
	if r.Passed = !l.result.Complete; !r.Passed {
		since := later(l.now, r.LastSeen)
		r.MissingSince = &since
		told = &change.Change{Kind: change.Vanished, Target: r.Name, Was: r.targetAddresses(), AliasWas: r.Alias}
	}
	return []Change{{Key: old.Key, Version: old.Version, Value: encode(r)}}, told, nil
}

// later returns the later of two times: a clock that was set back meanwhile does
// not make a target missing before it was seen.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// sortedChanges brings changes into the order of the folded names.
func sortedChanges(all []change.Change) []change.Change {
	slices.SortStableFunc(all, func(a, b change.Change) int { return cmp.Compare(name.Fold(a.Target), name.Fold(b.Target)) })
	return all
}

// mergeBatch is how many changes are made at once: each batch is one transaction.
const mergeBatch = 1000

// A batch is changes for one Apply, as many as the Store takes.
type batch struct {
	changes []Change

	most, bytes int // that there is room for; bytes 0: any
	size        int // in bytes
}

// newBatch returns an empty batch for the Store.
func (s *Service) newBatch() *batch {
	b := &batch{}
	b.most, b.bytes = s.cfg.Store.Limits()
	if b.most == 0 || b.most > mergeBatch {
		b.most = mergeBatch
	}
	return b
}

// takes reports whether there is room for changes. In an empty batch there always is: the
// Store says what is wrong with them.
func (b *batch) takes(changes []Change) bool {
	return len(b.changes) == 0 || len(b.changes)+len(changes) <= b.most && (b.bytes == 0 || b.size+sizeOf(changes) <= b.bytes)
}

func (b *batch) add(changes []Change) {
	b.changes, b.size = append(b.changes, changes...), b.size+sizeOf(changes)
}

// reserve keeps room for the largest of several changes.
func (b *batch) reserve(ends ...[]Change) {
	n, size := 0, 0
	for _, e := range ends {
		n, size = max(n, len(e)), max(size, sizeOf(e))
	}
	b.most, b.size = b.most-n, b.size+size
}

// sizeOf returns the bytes of keys and values.
func sizeOf(changes []Change) (n int) {
	for i := range changes {
		n += len(changes[i].Key) + len(changes[i].Value)
	}
	return n
}
