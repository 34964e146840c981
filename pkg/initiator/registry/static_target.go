package registry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TargetFlags are ISCSI_TARGET_FLAG_… of the reference API.
type TargetFlags uint32

// The flags. 0x1 is not assigned.
const (
	HideStaticTarget       TargetFlags = 0x2 // not reported until something else finds the target
	MergeTargetInformation TargetFlags = 0x4 // combined with a static record that exists, rather than put in its place
)

// A StaticTarget is a target that is configured rather than found
// (AddIScsiStaticTarget of the reference API).
type StaticTarget struct {
	Name      string
	Alias     string
	Flags     TargetFlags
	Addresses []target.Address // may be empty: reach it somehow
	Persist   bool             // keep it in the registry; else it ends with the Service
}

// A staticRecord is what a foundRecord has beyond a found target, and a static
// target that is not stored.
type staticRecord struct {
	Target    string           `json:"-"`
	Alias     string           `json:"-"`
	Addresses []target.Address `json:"-"`
	Flags     TargetFlags      `json:"flags,omitempty"`
}

func (r *staticRecord) mechanism() Mechanism {
	return Mechanism{Text: staticMechanism, Static: true, Alias: r.Alias, Addresses: r.Addresses, Flags: r.Flags}
}

// StaticTarget returns the static target of a name, also one that is hidden; false:
// there is none. What portals have shown under the name is not in it.
func (s *Service) StaticTarget(ctx context.Context, name string) (StaticTarget, bool, error) {
	s.mu.Lock()
	r, ok := s.static[rowkey.FoldedName(name)]
	s.mu.Unlock()
	if ok {
		return StaticTarget{Name: r.Target, Alias: r.Alias, Flags: r.Flags, Addresses: r.Addresses}, true, nil
	}
	row, err := s.cfg.Store.Get(ctx, rowkey.OfTarget(name, staticMechanism).Record)
	if err != nil || row.Version == 0 {
		return StaticTarget{}, false, storeError(err)
	}
	var found foundRecord
	if err := decode(row, &found); err != nil {
		return StaticTarget{}, false, storeError(err)
	}
	m := found.mechanism()
	return StaticTarget{Name: found.Name, Alias: m.Alias, Flags: m.Flags, Addresses: m.Addresses, Persist: true}, true, nil
}

// AddStaticTarget adds a static target, or replaces the one of the name; with
// MergeTargetInformation it keeps what the new one does not say. Nothing is sent.
func (s *Service) AddStaticTarget(ctx context.Context, t StaticTarget) error {
	if err := t.validate(); err != nil {
		return refused(err)
	}
	if !t.Persist {
		s.mu.Lock()
		defer s.mu.Unlock()
		r := staticRecord{Target: t.Name, Alias: t.Alias, Addresses: t.Addresses, Flags: t.Flags}
		if old, ok := s.static[rowkey.FoldedName(t.Name)]; ok && t.Flags&MergeTargetInformation != 0 {
			r.Alias, r.Addresses = mergeStatic(t, old.Alias, old.Addresses)
		}
		s.static[rowkey.FoldedName(t.Name)] = r
		return nil
	}
	key := rowkey.OfTarget(t.Name, staticMechanism).Record
	return storeError(retryConflicts(ctx, func() error {
		old, err := s.cfg.Store.Get(ctx, key)
		if err != nil {
			return err
		}
		now := s.now()
		r := foundRecord{Name: t.Name, Alias: t.Alias, FirstSeen: now, LastSeen: now, Static: &staticRecord{Flags: t.Flags}}
		addresses := t.Addresses
		if old.Version != 0 && t.Flags&MergeTargetInformation != 0 {
			var before foundRecord
			if err := decode(old, &before); err != nil {
				return err
			}
			r.FirstSeen = before.FirstSeen
			r.Alias, addresses = mergeStatic(t, before.Alias, before.mechanism().Addresses)
		}
		r.setAddresses(addresses)
		return s.cfg.Store.Apply(ctx, Change{Key: key, Version: old.Version, Value: encode(r)})
	}))
}

// mergeStatic returns what holds of a static target where the new one is put on
// top of the old one.
func mergeStatic(t StaticTarget, alias string, addresses []target.Address) (string, []target.Address) {
	if t.Alias != "" {
		alias = t.Alias
	}
	all := slices.Clone(addresses)
	for _, a := range t.Addresses {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return alias, all
}

// validate holds t against the rules.
func (t *StaticTarget) validate() error {
	if _, err := name.CheckName(t.Name); err != nil {
		return err
	}
	if len(t.Alias) > target.MaxAliasLen {
		return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "target alias", Reason: fmt.Sprintf("more than %d bytes", target.MaxAliasLen)}
	}
	if t.Flags&^(HideStaticTarget|MergeTargetInformation) != 0 {
		return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "target flags", Reason: "2 (hide) and 4 (merge) are known"}
	}
	for _, a := range t.Addresses {
		written := strings.TrimSuffix(a.String(), ",-1")
		_, _, reason := target.ParseAddress(written, pdu.DefaultPort)
		if addr, ok := a.Addr(); ok && addr.Zone() != "" {
			reason = "it has a zone, which has no meaning to other hosts"
		}
		if reason != "" {
			return &isdsc.Error{Code: isdsc.Win32InvalidParameter, What: "target address " + text.Quote([]byte(a.String())), Reason: reason}
		}
	}
	return nil
}

// RemoveStaticTarget removes a static target, stored or not, and any record of the
// name that cannot be read. What found a target of the same name stays.
func (s *Service) RemoveStaticTarget(ctx context.Context, name string) error {
	folded := rowkey.FoldedName(name)
	s.mu.Lock()
	_, removed := s.static[folded]
	delete(s.static, folded)
	s.mu.Unlock()
	static := rowkey.OfTarget(name, staticMechanism).Record
	var changes []Change
	for _, prefix := range []string{rowkey.Target + folded + "/", rowkey.LongTargetPrefix(folded)} {
		for r, err := range s.cfg.Store.List(ctx, prefix) {
			if err != nil {
				return storeError(err)
			}
			if r.Key == static {
				changes = append(changes, Change{Key: r.Key, Version: AnyVersion, Delete: true})
			} else if keys, ok := rowkey.ParseTarget(r.Key); ok && decode(r, new(foundRecord)) != nil {
				again, err := s.uncompared(ctx, rowkey.MechanismPart(r.Key))
				if err != nil {
					return storeError(err)
				}
				changes = append(changes, again...)
				changes = append(changes, Change{Key: r.Key, Version: r.Version, Delete: true}, Change{Key: keys.Index, Version: AnyVersion, Delete: true})
			}
		}
	}
	if len(changes) == 0 && !removed {
		return refused(&isdsc.Error{Code: isdsc.TargetNotFound, What: "target " + text.Quote([]byte(name)), Reason: "there is no static target with this name"})
	}
	return storeError(s.applyInTurn(ctx, changes))
}

// unstored returns the static targets that are not in the registry, by folded
// name.
func (s *Service) unstored() map[string]staticRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.static)
}
