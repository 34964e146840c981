package registry

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/answer"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
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

	compared time.Time // when all records were compared; zero: they are by this merging
	sums     *answer.Sums

	targets []answered // that may have to be written
	gone    []unanswered

	done, reached int             // of targets and gone: in the registry, and with the batch that was made last
	told          []change.Change // by that batch
	mark          string
	met           bool // another writer's answer
}

// An answered is a target that the answer has.
type answered struct {
	*target.Target
	folded string // its name, escaped
	index  indexState
}

// An indexState is what the index says of a target that the answer has.
type indexState int

const (
	notIndexed   indexState = iota // there is no record
	indexedOther                   // the record may say something else
	indexedSame                    // the record says the same, if the index can be trusted
)

// An unanswered is a target that this mechanism found before and the answer does not have.
type unanswered struct {
	rowkey.TargetKeys
	says string // the index of it
}

// newMerging returns a merging of an answer of which nothing is in the registry so far.
func (s *Service) newMerging(ctx context.Context, l *learning) (m *merging, err error) {
	m = &merging{mechanism: rowkey.Mechanism(l.key), portal: newKeyRecord(l.key), mark: rand.Text()}
	m.escaped = url.PathEscape(m.mechanism)
	m.sums = answer.NewSums(encode([]any{m.portal, l.result.Stored}), l.result.Address)
	if l.entry != nil && l.entry.Answer != nil {
		m.seenBefore = l.entry.Answer.Seen
		if l.entry.Answer.holds(l.now) {
			m.compared = l.entry.Answer.Compared
		}
	}
	if m.seenBefore.IsZero() {
		if m.seenBefore, m.seenRecord, err = s.seen(ctx, m.mechanism); err != nil {
			return nil, err
		}
	}
	if err := s.compare(ctx, l, m); err != nil {
		return nil, err
	}
	return m, nil
}

// compare holds the answer against the index.
func (s *Service) compare(ctx context.Context, l *learning, m *merging) error {
	all := make([]answered, 0, len(l.result.Targets))
	here := make(map[string]int, len(l.result.Targets)) // in all, by the end of the key of the index
	for i := range l.result.Targets {
		t := answered{Target: &l.result.Targets[i]}
		t.folded = rowkey.FoldedName(t.Name)
		end := t.folded
		if rowkey.IsLong(t.folded, m.escaped) {
			end = "/" + rowkey.Hashed(t.folded) // no name has a slash here
		}
		if _, twice := here[end]; !twice { // else a name that differs in case alone
			here[end] = len(all)
			all = append(all, t)
		}
	}
	var value []byte
	for long, prefix := range []string{rowkey.Found + m.escaped + "/", rowkey.LongFoundPrefix(m.escaped)} {
		for r, err := range s.cfg.Store.List(ctx, prefix) {
			if err != nil {
				return err
			}
			i, ok := here[r.Key[len(prefix)-long:]] // a hash with the slash before it
			if !ok {
				m.lacks(r, l.result.Complete)
				continue
			}
			all[i].index = indexedOther
			if value = m.appendIndex(value[:0], all[i].Target); bytes.Equal(r.Value, value) {
				all[i].index = indexedSame
			}
		}
	}
	if m.targets = all; m.trusts() {
		m.targets = slices.DeleteFunc(all, func(t answered) bool { return t.index == indexedSame })
	}
	return nil
}

// trusts reports that what the index says needs not be compared with the records.
func (m *merging) trusts() bool { return !m.compared.IsZero() }

// lacks takes note of a target of the index that the answer does not have.
func (m *merging) lacks(r Record, complete bool) {
	says := string(r.Value)
	if m.trusts() && (says == indexMissing || says == indexPassed && !complete) {
		return // its record says so
	}
	if keys, ok := rowkey.ParseTarget(r.Key); ok {
		m.gone = append(m.gone, unanswered{keys, says})
	}
}

// appendIndex appends to b what the index says of a target that the answer has.
func (m *merging) appendIndex(b []byte, t *target.Target) []byte {
	return append(m.sums.Append(append(b, indexBegin...), t), indexEnd...)
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
			changes, told, err = s.found(ctx, l, &m.targets[m.reached])
		} else {
			changes, told, err = s.missed(ctx, l, &m.gone[m.reached-len(m.targets)])
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
	if m.trusts() {
		a.Compared = m.compared
	}
	if !m.met {
		a.Digest = l.digestOf()
	}
	under := l.entry.portalRecord
	under.Answer = &answerRecord{Seen: m.seenBefore, Merging: m.mark}
	further = []Change{{Key: rowkey.OfEntry(l.key), Version: l.entry.version, Value: encode(under)}}
	last = []Change{l.entryChange(a)}
	if m.seenRecord.Version != 0 { // the entry says it from now on
		last = append(last, Change{Key: m.seenRecord.Key, Version: m.seenRecord.Version, Delete: true})
	}
	return last, further
}

// found returns the changes of a target that the answer has, and what is told of it.
func (s *Service) found(ctx context.Context, l *learning, t *answered) (changes []Change, told *change.Change, err error) {
	keys := rowkey.OfEscaped(t.folded, l.full.escaped)
	old := Record{Key: keys.Record}
	if t.index != notIndexed || l.unsure {
		if old, err = s.cfg.Store.Get(ctx, keys.Record); err != nil {
			return nil, nil, err
		}
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
	switch {
	case old.Version == 0, before.MissingSince != nil:
		told = &change.Change{Kind: change.Appeared, Target: t.Name, Is: t.Addresses, AliasIs: t.Alias}
	case known && !change.Alike(&was, t.Target):
		told = &change.Change{Kind: change.Changed, Target: t.Name, Is: t.Addresses, Was: was.Addresses, AliasIs: t.Alias, AliasWas: was.Alias}
	}
	r.LastSeen = later(l.now, r.FirstSeen)
	if known && t.index == indexedSame && r.says(&before) && !before.LastSeen.After(r.LastSeen) {
		return nil, told, nil
	}
	return []Change{
		{Key: keys.Record, Version: old.Version, Value: encode(r)},
		{Key: keys.Index, Version: AnyVersion, Value: l.full.appendIndex(nil, t.Target)},
	}, told, nil
}

// missed returns the changes of a target that the answer does not have, where it is not
// missing already, and what is told of it. A record that cannot be read stays as it is.
func (s *Service) missed(ctx context.Context, l *learning, t *unanswered) ([]Change, *change.Change, error) {
	old, err := s.cfg.Store.Get(ctx, t.Record)
	if err != nil {
		return nil, nil, err
	}
	var r foundRecord
	if old.Version == 0 || decode(old, &r) != nil {
		return nil, nil, nil // pruned meanwhile, or damaged
	}
	var told *change.Change
	said := r.MissingSince != nil || r.Passed && !l.result.Complete // by the record
	if !said {
		if !r.Passed {
			r.LastSeen = later(r.LastSeen, l.full.seenBefore)
		}
		if r.Passed = !l.result.Complete; !r.Passed {
			since := later(l.now, r.LastSeen)
			r.MissingSince = &since
			told = &change.Change{Kind: change.Vanished, Target: r.Name, Was: r.targetAddresses(), AliasWas: r.Alias}
		}
	}
	says := indexMissing
	if r.Passed {
		says = indexPassed
	}
	if said && t.says == says {
		return nil, nil, nil
	}
	return []Change{
		{Key: t.Record, Version: old.Version, Value: encode(r)},
		{Key: t.Index, Version: AnyVersion, Value: []byte(says)},
	}, told, nil
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
