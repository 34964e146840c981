package view

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A Type says what an Event tells. Its text is part of the output of commands.
type Type string

// The types of events.
const (
	HostAppeared    Type = "host-appeared"    // a host that the fleet did not know
	HostSilent      Type = "host-silent"      // its lease has ended
	HostBack        Type = "host-back"        // it was silent
	PortalFailed    Type = "portal-failed"    // for a host at least, for half of the hosts, or for all
	PortalRecovered Type = "portal-recovered" // for all hosts that have it
	TargetsFewer    Type = "targets-fewer"    // hosts see fewer targets at a portal than before, or than before they fell silent
	AnswerLie       Type = "answer-lie"       // the leader found that a host published what is not true
	LeaderChanged   Type = "leader-changed"   // another host leads, or none
)

// An Event is one change of a fleet. Fields that its Type has no use for are zero. Texts
// from hosts are as they were written: whoever shows them escapes them.
type Event struct {
	Time time.Time // when the change was read, by this host's clock
	Type Type

	Host   string           // that it is of; of a portal: the one host that it is of, empty: several
	Portal initiator.Portal // that it is of
	ISNS   bool             // it is an iSNS server

	Hosts   int // that have the portal
	Changed int // of them: those that the event is of now
	Failing int // of them: those of which a path fails

	Targets, Before int       // of a TargetsFewer with a Host: how many it sees and saw; else the sums over hosts
	Paths           int       // of a HostSilent: how many it had
	Since           time.Time // of a PortalFailed, a HostSilent and a HostBack: since when, as far as it is known
	Reason          string    // of a PortalFailed and an AnswerLie
}

// A Teller tells what changes in a fleet, from View to View. It is for one goroutine.
//
// A portal that fails is told when the first of its hosts fails, when half of them do and
// when all do: each once, until no host fails there any more. Hosts that fall silent are
// told as that, not as portals that fail or recover.
type Teller struct {
	last *View
	told map[portalKey]int    // how far portals failed when that was told last, see tally.level
	saw  map[string]sightings // of hosts that fell silent, by name
}

// NewTeller returns a Teller of what changes from a View on.
func NewTeller(v *View) *Teller {
	return &Teller{last: v, told: map[portalKey]int{}, saw: map[string]sightings{}}
}

// Last returns the View of which all was told.
func (t *Teller) Last() *View { return t.last }

// Events returns what changed from one View to a later one, as the first event of a Teller.
func Events(before, after *View) []Event { return NewTeller(before).Next(after) }

// Next returns what changed since the View before, in a fixed order. Before anything was read
// (Revision 0) nothing has changed.
func (t *Teller) Next(after *View) []Event {
	before := t.last
	if t.last = after; before.Revision == 0 || before == after {
		return nil
	}
	var events []Event
	if before.Leader != after.Leader {
		events = append(events, Event{Type: LeaderChanged, Host: after.Leader})
	}
	changed := changedHosts(before, after)
	for _, name := range changed {
		events = appendHost(events, before.Hosts[name], after.Hosts[name])
	}
	events = append(events, t.portalEvents(before, after, changed)...)
	for _, name := range changed {
		t.remember(name, before.Hosts[name], after.Hosts[name])
	}
	for i := range events {
		events[i].Time = after.AsOf
	}
	return events
}

// changedHosts returns the names of hosts that are not the same, in order.
func changedHosts(before, after *View) []string {
	var changed []string
	for name, h := range after.Hosts {
		if before.Hosts[name] != h {
			changed = append(changed, name)
		}
	}
	for name := range before.Hosts {
		if after.Hosts[name] == nil {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// appendHost appends what happened to a host itself; nil: it was not there, or is not.
func appendHost(events []Event, was, is *Host) []Event {
	speaks := func(h *Host) bool { return h != nil && !h.Silent() }
	switch {
	case !speaks(was) && speaks(is):
		e := Event{Type: HostBack, Host: is.Name}
		switch {
		case was == nil || was.Known == nil, is.known > is.info:
			// Where the leader noted the host after the host's record was made, it is new: its
			// note may come first, as another watch brings it.
			e.Type = HostAppeared
		default:
			e.Since = was.Known.SilentSince
		}
		events = append(events, e)
	case speaks(was) && !speaks(is):
		e := Event{Type: HostSilent, Host: was.Name, Paths: len(was.Paths)}
		if is != nil && is.Known != nil {
			e.Since = is.Known.SilentSince
		}
		events = append(events, e)
	}
	if is != nil && is.Known != nil && is.Known.Lie != "" {
		if was == nil || was.Known == nil || was.Known.Lie != is.Known.Lie || !was.Known.LieAt.Equal(is.Known.LieAt) {
			events = append(events, Event{Type: AnswerLie, Host: is.Name, Since: is.Known.LieAt, Reason: is.Known.Lie})
		}
	}
	return events
}

func comparePortalKeys(a, b portalKey) int {
	c := comparePortals(a.portal, b.portal)
	switch {
	case c != 0 || a.isns == b.isns:
		return c
	case b.isns:
		return -1
	}
	return 1
}

// A tally is how many hosts have a portal, and of how many a path fails.
type tally struct{ hosts, failing int }

// level is how far a portal fails: for none, some, half, or all.
func (t tally) level() int {
	switch {
	case t.failing == 0:
		return 0
	case t.failing == t.hosts:
		return 3
	case 2*t.failing >= t.hosts:
		return 2
	}
	return 1
}

// tallies counts the hosts of portals.
func tallies(v *View, portals map[portalKey]*shift) map[portalKey]tally {
	all := make(map[portalKey]tally, len(portals))
	failing := map[portalKey]bool{} // of one host
	for _, h := range v.Hosts {
		if h.Silent() {
			continue
		}
		for entry, p := range h.Paths {
			if k := (portalKey{entry.Portal, entry.ISNS}); portals[k] != nil {
				failing[k] = failing[k] || !p.Up
			}
		}
		for k, fails := range failing {
			all[k] = all[k].add(1, fails)
		}
		clear(failing)
	}
	return all
}

// add counts n hosts more.
func (t tally) add(n int, failing bool) tally {
	t.hosts += n
	if failing {
		t.failing += n
	}
	return t
}

// earlier returns the tallies of the View before, by the hosts that are not the same. It saves
// a second look at all paths.
func earlier(now map[portalKey]tally, before, after *View, changed []string) map[portalKey]tally {
	then := maps.Clone(now)
	for _, name := range changed {
		for k, s := range sights(after.Hosts[name]) {
			then[k] = then[k].add(-1, s.failing)
		}
		for k, s := range sights(before.Hosts[name]) {
			then[k] = then[k].add(1, s.failing)
		}
	}
	return then
}

// A sight is what one host sees at a portal by all its paths.
type sight struct {
	failing bool
	path    *fleet.Path // one that fails, if one does
}

// sights returns what a host sees; nothing where it is silent, or nil.
func sights(h *Host) map[portalKey]sight {
	if h == nil || h.Silent() {
		return nil
	}
	all := make(map[portalKey]sight, len(h.Paths))
	for entry, p := range h.Paths {
		k := portalKey{entry.Portal, entry.ISNS}
		s := all[k]
		// Which of several is told does not depend on the order of the map.
		if !p.Up && (!s.failing || cmp.Or(p.Since.Compare(s.path.Since), cmp.Compare(p.Message, s.path.Message)) < 0) {
			s = sight{failing: true, path: p}
		}
		all[k] = s
	}
	return all
}
