package registry

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// Targets yields the targets that the Service knows of, by name, each with the
// mechanisms that found it (ReportIScsiTargets of the reference API). With
// forceUpdate all portals and iSNS servers are asked first; where some do not answer, what is
// known is yielded all the same, and at the end an error with the code
// isdsc.OperationNotAllSuccess. Static targets that are hidden show once something
// else finds them. A record that cannot be read is yielded as an error that is a
// *RegistryError, with the name of the target in lower case if its key has it; other
// targets follow, and so may the same one by other mechanisms. Any other error is the
// last.
func (s *Service) Targets(ctx context.Context, forceUpdate bool) iter.Seq2[KnownTarget, error] {
	return func(yield func(KnownTarget, error) bool) {
		asked, failed, who := 0, 0, "portals"
		if forceUpdate {
			// Servers first: what they say of the security of portals counts at once.
			for r := range s.RefreshISNSServers(ctx) {
				who = "portals and iSNS servers"
				if asked++; r.Err != nil {
					failed++
				}
			}
			for r := range s.RefreshAll(ctx) {
				if asked++; r.Err != nil {
					failed++
				}
			}
		}
		for t, err := range s.known(ctx) {
			if err != nil {
				if !yield(t, storeError(err)) || !oneRecord(err) {
					return
				}
				continue
			}
			if t.hidden() {
				continue
			}
			if !yield(t, nil) {
				return
			}
		}
		if failed > 0 {
			yield(KnownTarget{}, &initiator.Error{Stage: initiator.StageDiscover, Err: &isdsc.Error{
				Code: isdsc.OperationNotAllSuccess, What: "refresh", Reason: fmt.Sprintf("%d of %d %s did not answer", failed, asked, who),
			}})
		}
	}
}

// TargetInformation returns what is known of a target (GetIScsiTargetInformation
// of the reference API): with all mechanisms that found it, or with the one of a
// text, blanks around which do not count. isdsc.TargetNotFound, also for a target
// that is hidden, and isdsc.DiscoveryMechanismNotFound are its refusals. Where nothing of
// the target can be read the error is a *RegistryError.
func (s *Service) TargetInformation(ctx context.Context, iqn, mechanism string) (KnownTarget, error) {
	var damaged error
	for t, err := range s.Targets(ctx, false) {
		switch {
		case err != nil && !oneRecord(err):
			return KnownTarget{}, err
		case name.Fold(t.Name) != name.Fold(iqn):
			continue
		case err != nil:
			damaged = err
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
		return KnownTarget{}, refused(&isdsc.Error{Code: isdsc.DiscoveryMechanismNotFound, What: "target " + text.Quote([]byte(iqn)), Reason: "this discovery mechanism has not found it"})
	}
	if damaged != nil {
		return KnownTarget{}, damaged
	}
	return KnownTarget{}, refused(&isdsc.Error{Code: isdsc.TargetNotFound, What: "target " + text.Quote([]byte(iqn)), Reason: "it is not known"})
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

// A portalState is what the list of targets says of the mechanism that found some.
type portalState struct {
	gone           bool // there is no entry
	stale          bool // nor one that finds targets by this mechanism
	notJudgedSince time.Time
	seen           time.Time // when the last answer came
	seenRecord     Record    // where there is no entry
}

// judge returns the mechanism of a record, with what its entry says: whether that is gone,
// since when it is not judged, and when the targets that are not missing were seen. states
// remembers what was looked up, by mechanism.
func (s *Service) judge(ctx context.Context, found *foundRecord, states map[string]*portalState) (Mechanism, error) {
	m := found.mechanism()
	if m.Static {
		return m, nil
	}
	state, ok := states[m.Text]
	if !ok {
		var err error
		if state, err = s.stateOf(ctx, &m); err != nil {
			return m, err
		}
		states[m.Text] = state
	}
	m.Stale, m.NotJudgedSince = state.stale, state.notJudgedSince
	m.Unlisted = m.Unlisted && state.gone
	if m.MissingSince.IsZero() && !found.Passed {
		m.LastSeen = later(m.LastSeen, state.seen)
	}
	return m, nil
}

// stateOf looks up what is known of a mechanism.
func (s *Service) stateOf(ctx context.Context, m *Mechanism) (*portalState, error) {
	if m.ISNS.Address != "" {
		return s.stateOfISNS(ctx, m)
	}
	r, err := s.cfg.Store.Get(ctx, rowkey.OfEntry(m.Portal))
	if err != nil {
		return nil, err
	}
	state := &portalState{gone: r.Version == 0}
	var entry portalRecord
	state.stale = state.gone
	if !state.gone && decode(r, &entry) == nil {
		// An entry whose instance is now written in another case finds targets by another
		// mechanism: what it found before, nothing looks for any more.
		state.stale = entry.Instance != m.Portal.Instance
		if entry.Last != nil {
			state.notJudgedSince = entry.Last.NotJudgedSince
		}
		if entry.Answer != nil && !state.stale {
			state.seen = entry.Answer.Seen
		}
	}
	if state.seen.IsZero() {
		state.seen, state.seenRecord, err = s.seen(ctx, m.Text)
	}
	return state, err
}

// stateOfISNS is stateOf for targets that an iSNS server named.
func (s *Service) stateOfISNS(ctx context.Context, m *Mechanism) (*portalState, error) {
	r, err := s.cfg.Store.Get(ctx, rowkey.OfServer(m.ISNS))
	if err != nil {
		return nil, err
	}
	state := &portalState{gone: r.Version == 0, stale: r.Version == 0}
	var v isnsRecord
	if !state.gone && decode(r, &v) == nil {
		if v.Answer != nil {
			state.seen = v.Answer.Seen
		}
		if v.Last != nil {
			state.notJudgedSince = v.Last.NotJudgedSince
		}
	}
	if state.seen.IsZero() {
		state.seen, state.seenRecord, err = s.seen(ctx, m.Text)
	}
	return state, err
}
