package view

import (
	"maps"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A shift is what changed at one portal.
type shift struct {
	failed    []string // hosts that fail there now, and did not before
	recovered []string // hosts that failed there, and see it again
	fewer     []string // hosts that see fewer targets there than before
	first     sight    // of the first of failed

	targets, before int // of fewer, over all their paths there
}

// portalEvents returns what happened at portals, by hosts that changed.
func (t *Teller) portalEvents(before, after *View, changed []string) []Event {
	shifts := map[portalKey]*shift{}
	at := func(k portalKey) *shift {
		if shifts[k] == nil {
			shifts[k] = &shift{}
		}
		return shifts[k]
	}
	for _, name := range changed {
		was, is := before.Hosts[name], after.Hosts[name]
		saw := sights(was)
		for k, s := range saw {
			if s.failing && t.told[k] > 0 {
				at(k) // none may fail there any more
			}
		}
		for k, s := range sights(is) {
			old, had := saw[k]
			switch {
			case s.failing && !old.failing:
				sh := at(k)
				if len(sh.failed) == 0 {
					sh.first = s
				}
				sh.failed = append(sh.failed, name)
			case had && old.failing && !s.failing:
				at(k).recovered = append(at(k).recovered, name)
			}
		}
		findFewer(was, is, t.saw[name], at)
	}
	if len(shifts) == 0 {
		return nil
	}
	has := tallies(after, shifts)
	had := earlier(has, before, after, changed)
	var events []Event
	for _, k := range slices.SortedFunc(maps.Keys(shifts), comparePortalKeys) {
		told := max(had[k].level(), t.told[k])
		events = shifts[k].append(events, k, told, has[k])
		if t.told[k] = max(told, has[k].level()); has[k].level() == 0 {
			delete(t.told, k)
		}
	}
	return events
}

// findFewer notes at which portals a host sees fewer targets by a path than by that path
// before; saw is what it saw before it fell silent, of which that is taken out which is
// compared. A portal that fails is not one: its last answer stays as it was.
func findFewer(was, is *Host, saw sightings, at func(portalKey) *shift) {
	if is == nil || is.Silent() {
		return
	}
	for entry, p := range is.Paths {
		if !p.Up {
			continue
		}
		before, had := saw[entry]
		delete(saw, entry)
		if !had && was != nil && !was.Silent() && was.Paths[entry] != nil {
			before = was.Paths[entry].Targets
		}
		if p.Targets >= before {
			continue
		}
		s := at(portalKey{entry.Portal, entry.ISNS})
		if n := len(s.fewer); n == 0 || s.fewer[n-1] != is.Name {
			s.fewer = append(s.fewer, is.Name)
		}
		s.targets += p.Targets
		s.before += before
	}
}

// sightings are how many targets a host saw by its paths when it fell silent.
type sightings map[fleet.Entry]int

// remember keeps what a host saw that falls silent, until it sees it again: what it lacks after
// a restart is told. One that is forgotten is not kept.
func (t *Teller) remember(name string, was, is *Host) {
	switch {
	case was == nil:
	case is == nil && was.Silent(), is != nil && !is.Silent() && len(t.saw[name]) == 0:
		delete(t.saw, name)
	case !was.Silent() && (is == nil || is.Silent()):
		if t.saw[name] == nil {
			t.saw[name] = make(sightings, len(was.Paths))
		}
		for entry, p := range was.Paths {
			if _, kept := t.saw[name][entry]; p.Up || !kept {
				t.saw[name][entry] = p.Targets
			}
		}
	}
}

// append appends the events of a portal that failed as far as told when that was told last.
func (s *shift) append(events []Event, k portalKey, told int, has tally) []Event {
	e := Event{Portal: k.portal, ISNS: k.isns, Hosts: has.hosts, Failing: has.failing}
	of := func(t Type, hosts []string) *Event {
		e := e
		e.Type, e.Changed = t, len(hosts)
		if len(hosts) == 1 {
			e.Host = hosts[0]
		}
		events = append(events, e)
		return &events[len(events)-1]
	}
	if len(s.failed) > 0 && has.level() > told {
		failed := of(PortalFailed, s.failed)
		failed.Since, failed.Reason = s.first.path.Since, s.first.path.Message
	}
	if len(s.recovered) > 0 && has.failing == 0 {
		of(PortalRecovered, s.recovered)
	}
	if len(s.fewer) > 0 {
		fewer := of(TargetsFewer, s.fewer)
		fewer.Targets, fewer.Before = s.targets, s.before
	}
	return events
}
