package initiator

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// Targets yields the targets that the Service knows of, by name, each with the
// mechanisms that found it (ReportIScsiTargets of the reference API). With
// forceUpdate all portals are asked first; where some do not answer, what is
// known is yielded all the same, and at the end an error with the code
// CodeOperationNotAllSuccess. Static targets that are hidden show once something
// else finds them.
func (s *Service) Targets(ctx context.Context, forceUpdate bool) iter.Seq2[KnownTarget, error] {
	return func(yield func(KnownTarget, error) bool) {
		asked, failed := 0, 0
		if forceUpdate {
			for r := range s.RefreshAll(ctx) {
				if asked++; r.Err != nil {
					failed++
				}
			}
		}
		for t, err := range s.known(ctx) {
			if err != nil {
				yield(t, storeError(err))
				return
			}
			if t.hidden() {
				continue
			}
			if !yield(t, nil) {
				return
			}
		}
		if failed > 0 {
			yield(KnownTarget{}, &Error{Stage: StageDiscover, Err: &ConfigError{
				Code: CodeOperationNotAllSuccess, What: "refresh", Reason: fmt.Sprintf("%d of %d portals did not answer", failed, asked),
			}})
		}
	}
}

// TargetInformation returns what is known of a target (GetIScsiTargetInformation
// of the reference API): with all mechanisms that found it, or with the one of a
// text, blanks around which do not count. CodeTargetNotFound, also for a target
// that is hidden, and CodeDiscoveryMechanismNotFound are its refusals.
func (s *Service) TargetInformation(ctx context.Context, name, mechanism string) (KnownTarget, error) {
	for t, err := range s.Targets(ctx, false) {
		if err != nil {
			return KnownTarget{}, err
		}
		if FoldName(t.Name) != FoldName(name) {
			continue
		}
		if mechanism == "" {
			return t, nil
		}
		for _, m := range t.Mechanisms {
			if strings.EqualFold(strings.TrimSpace(m.Text), strings.TrimSpace(mechanism)) {
				t.Mechanisms = []Mechanism{m}
				return t, nil
			}
		}
		return KnownTarget{}, refused(&ConfigError{Code: CodeDiscoveryMechanismNotFound, What: "target " + quote([]byte(name)), Reason: "no such mechanism has found it"})
	}
	return KnownTarget{}, refused(&ConfigError{Code: CodeTargetNotFound, What: "target " + quote([]byte(name)), Reason: "it is not known"})
}

// hidden reports a target that nothing but a hidden static record knows.
func (t *KnownTarget) hidden() bool {
	for _, m := range t.Mechanisms {
		if !m.Static || m.Flags&HideStaticTarget == 0 {
			return false
		}
	}
	return true
}

// known yields all targets, hidden ones too.
func (s *Service) known(ctx context.Context) iter.Seq2[KnownTarget, error] {
	return func(yield func(KnownTarget, error) bool) {
		static := s.unstored()
		portals := make(map[string]*portalState) // by record, as far as they were looked for
		var (
			target KnownTarget
			name   string // folded
		)
		flush := func() bool {
			if r, ok := static[name]; ok {
				target.add(r.Target, r.mechanism())
				delete(static, name)
			}
			return target.Name == "" || yield(target, nil)
		}
		for r, err := range s.cfg.Store.List(ctx, prefixTarget) {
			var found foundRecord
			if err == nil {
				err = decode(r, &found)
			}
			if err != nil {
				yield(KnownTarget{}, err)
				return
			}
			if folded := foldedKey(found.Name); folded != name {
				if !flush() {
					return
				}
				target, name = KnownTarget{}, folded
			}
			m := found.mechanism()
			if err := s.judge(ctx, &m, portals); err != nil {
				yield(KnownTarget{}, err)
				return
			}
			target.add(found.Name, m)
		}
		if !flush() {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(static)) {
			t, r := KnownTarget{}, static[name]
			t.add(r.Target, r.mechanism())
			if !yield(t, nil) {
				return
			}
		}
	}
}

// add adds a mechanism.
func (t *KnownTarget) add(name string, m Mechanism) {
	if t.Name == "" {
		t.Name = name
	}
	if t.Alias == "" {
		t.Alias = m.Alias
	}
	t.Mechanisms = append(t.Mechanisms, m)
}

// A portalState is what the list of targets says of the entry that found some.
type portalState struct {
	stale          bool
	instance       string // as the entry writes it
	notJudgedSince time.Time
}

// judge says in m whether the entry that found a target is gone, and since when it
// is not judged. portals remembers what was looked up.
func (s *Service) judge(ctx context.Context, m *Mechanism, portals map[string]*portalState) error {
	if m.Static {
		return nil
	}
	key := m.Portal.record()
	state, ok := portals[key]
	if !ok {
		r, err := s.cfg.Store.Get(ctx, key)
		if err != nil {
			return err
		}
		state = &portalState{stale: r.Version == 0}
		var entry portalRecord
		if !state.stale && decode(r, &entry) == nil {
			state.instance = entry.Instance
			if entry.Last != nil {
				state.notJudgedSince = entry.Last.NotJudgedSince
			}
		} else {
			state.instance = m.Portal.Instance
		}
		portals[key] = state
	}
	// An entry whose instance is now written in another case finds targets by another
	// mechanism: what it found before, nothing looks for any more.
	m.Stale, m.NotJudgedSince = state.stale || state.instance != m.Portal.Instance, state.notJudgedSince
	return nil
}

// PruneTargets forgets targets that were found by SendTargets and are missing, or
// whose entry is gone, for at least as long; for 0 all of them. By a clock that was
// set back it forgets too few rather than too many. It returns how many records it
// forgot; a target by two mechanisms is two.
func (s *Service) PruneTargets(ctx context.Context, missingFor time.Duration) (pruned int, err error) {
	before := s.now().Add(-missingFor)
	for t, err := range s.known(ctx) {
		if err != nil {
			return pruned, storeError(err)
		}
		for _, m := range t.Mechanisms {
			since := m.MissingSince
			if m.Stale && since.IsZero() {
				since = m.LastSeen
			}
			if m.Static || since.IsZero() || missingFor > 0 && since.After(before) {
				continue
			}
			err := s.cfg.Store.Apply(ctx,
				Change{Key: targetKey(t.Name, m.Text), Version: AnyVersion, Delete: true},
				Change{Key: foundPrefix(m.Text) + foldedKey(t.Name), Version: AnyVersion, Delete: true})
			if err != nil {
				return pruned, storeError(err)
			}
			pruned++
		}
	}
	return pruned, nil
}
