package settle

import (
	"context"
	"maps"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// read reads what the registry has.
func (a *applying) read(ctx context.Context) (err error) {
	if a.marks, err = marks(ctx, a.Service, a.fleet); err != nil {
		return err
	}
	a.entries, a.withOwn = make(map[string]string), make(map[string]bool)
	for p, err := range a.SendTargetPortals(ctx) {
		switch {
		case err != nil && p.Portal.Address == "":
			return err
		case err != nil:
			a.entries[nameOf(p.Key())] = ""
		default:
			a.entries[nameOf(p.Key())] = storedDigest(&p)
			a.withOwn[nameOf(p.Key())] = slices.Contains(a.own, p.Login.PasswordRef) || slices.Contains(a.own, p.Login.TargetPasswordRef)
		}
	}
	return nil
}

// storedDigest is entryDigest for an entry that may have secrets of its own, which a fleet's
// has not.
func storedDigest(p *registry.StoredPortal) string {
	o := &p.Login
	if p.PasswordSet && o.PasswordRef == "" || p.TargetPasswordSet && o.TargetPasswordRef == "" || p.IPsecKeySet && p.IPsec.PSKRef == "" {
		return ""
	}
	return entryDigest(&p.SendTargetPortal)
}

// ours reports whether a marked entry is there as the fleet left it; there: it is there.
func (a *applying) ours(m mark) (ours, there bool) {
	digest, there := a.entries[nameOf(m.key)]
	return digest != "" && (digest == m.entry || digest == m.was), there
}

// plan decides about each portal that is wanted or marked, in order.
func (a *applying) plan() {
	seen := make(map[string]bool)
	for i := range a.wanted.Portals {
		p := &a.wanted.Portals[i]
		if fleet.Meets(p.Hosts, a.host) {
			seen[portalName(p.Key().Portal)] = true
			a.want(p)
		}
	}
	for _, f := range a.wanted.Faults {
		if f.Of.Kind == fleet.KindPortal {
			a.keep(seen, f.Of.Entry.Portal)
		}
	}
	for _, portal := range slices.Sorted(maps.Keys(a.marks)) {
		switch {
		case seen[portal]:
		case a.wanted.Partial:
			a.hold(a.marks[portal])
		default:
			a.steps = append(a.steps, a.withdraw(a.marks[portal]))
		}
	}
}

// withdraw returns the step by which the fleet has no entry for a portal any more: what it
// made is removed, and what was changed at the host is the host's own.
func (a *applying) withdraw(m mark) step {
	st := step{portal: m.portal, do: unmark, mark: m}
	if ours, _ := a.ours(m); ours {
		st.do = drop
	}
	return st
}

// hold leaves what the fleet made for a portal as it is, where config/ does not say what is
// to be. An entry that has one of the program's own credentials is withdrawn: it may have
// been made when the credential was none of these.
func (a *applying) hold(m mark) {
	if a.withOwn[nameOf(m.key)] {
		a.steps = append(a.steps, a.withdraw(m))
		return
	}
	a.Entries.add(m.key)
}

// keep holds what the fleet made for a portal, unless it is seen.
func (a *applying) keep(seen map[string]bool, p initiator.Portal) {
	portal := portalName(p)
	if m, ok := a.marks[portal]; ok && !seen[portal] {
		a.hold(m)
	}
	seen[portal] = true
}

// want decides about a portal that is wanted.
func (a *applying) want(p *fleet.Portal) {
	portal := portalName(p.Key().Portal)
	m, marked := a.marks[portal]
	ours, there := a.ours(m)
	st := step{portal: portal, mark: m, fault: host.Fault{Of: fleet.Key{Kind: fleet.KindPortal, Entry: p.Key()}}}
	if keys, err := fleet.NewKeys(a.fleet); err == nil {
		st.fault.Key = keys.Portal(p.Key().Portal)
	}
	var err error
	if st.entry, err = a.entryOf(p); err == nil {
		st.policy, err = policyOf(p)
	}
	st.wants = entryDigest(&st.entry)
	switch {
	case err != nil:
		st.fault.Err = err
		a.Faults = append(a.Faults, st.fault)
		if marked {
			a.hold(m)
		}
		return
	case marked && there && !ours:
		a.Kept++
		st.do = unmark
	case !marked && a.has(st.entry.Key()):
		a.Kept++
		return
	case !marked, !there, m.wants != st.wants, a.entries[nameOf(m.key)] != m.entry:
		st.do = store
	}
	a.steps = append(a.steps, st)
}

// has reports whether the registry has an entry.
func (a *applying) has(k initiator.Key) bool {
	_, ok := a.entries[nameOf(k)]
	return ok
}
