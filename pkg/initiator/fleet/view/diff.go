package view

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A Difference is what in a fleet is not as its peers have it. Hosts that merely see other
// targets than their peers, as those of another access group do, are no difference.
type Difference struct {
	Fewer   []Fewer   // paths that see a part of what more hosts see at the same portal
	Failing []Failing // portals that fail for some hosts, or for all
	Missing []Missing // portals that hosts are to ask and do not have
	Silent  []Silent  // hosts whose lease has ended
	Twice   []Twice   // names of hosts that several have
	Liars   []Liar    // hosts that published what is not true
	Odd     []Odd     // keys that cannot be read, see View.Odd
	Unread  []Unread  // answers that could not be compared

	Same []SameInitiator // initiator names with which several hosts log in
}

// A Failing is a portal that fails for hosts.
type Failing struct {
	Portal initiator.Portal
	ISNS   bool
	Hosts  int       // that have it
	Failed []string  // of them, those of which a path fails; by name
	Gone   bool      // all paths of all hosts fail: look at the portal, not at a host
	Since  time.Time // of the path that has failed longest, by its host's clock
	Stages []Stage   // where they fail; of most paths first
}

// A Stage is how many paths fail at one stage.
type Stage struct {
	Stage   string // see initiator.Stage
	Paths   int
	Message string // of one of them
}

// A Missing is a portal that a host is to ask, and does not have. For two intervals of the
// host after it has started, or after an administrator has changed the portal, it is none.
type Missing struct {
	Portal initiator.Portal
	Of     int      // how many hosts are to ask it
	Hosts  []string // of them, those that do not have it; by name
}

// A Silent is a host that publishes nothing.
type Silent struct {
	Host  string
	Since time.Time // zero: no leader has noted it yet
	Paths int       // how many it had
}

// A Twice is a host whose name others have, too: they publish nothing.
type Twice struct {
	Host   string
	Info   *fleet.Info   // of the one that publishes; nil: none does
	Others []*fleet.Twin // by ID
}

// A Liar is a host that published what is not true.
type Liar struct {
	Host string
	Why  string
	At   time.Time // when the leader noted it; zero: it is so in this View
}

// An Unread is an answer whose list of targets was not to be had.
type Unread struct {
	Portal initiator.Portal // where it was to be compared first
	Answer fleet.Digest
	Err    error // *MissingError, *fleet.LieError, or etcd's
}

// Diff returns what in a fleet is not as it should be. Lists of answers come from answer,
// mostly Reader.Answer; each is asked for at most once for each portal.
func Diff(v *View, answer func(fleet.Digest) ([]target.Target, error)) *Difference {
	d := &Difference{Odd: v.Odd, Same: v.sameInitiators()}
	c := comparison{difference: d, answer: answer, unread: map[fleet.Digest]bool{}, lies: map[string]bool{}}
	portals := v.Portals()
	for i := range portals {
		p := &portals[i]
		if f, ok := failingAt(p); ok {
			d.Failing = append(d.Failing, f)
		}
		if m, ok := v.missingAt(p); ok {
			d.Missing = append(d.Missing, m)
		}
		c.compare(p)
	}
	for _, h := range v.Hosts {
		if k := h.Known; h.Silent() && k != nil {
			d.Silent = append(d.Silent, Silent{Host: h.Name, Since: k.SilentSince, Paths: k.Paths})
		}
		if len(h.Twins) > 0 {
			d.Twice = append(d.Twice, Twice{Host: h.Name, Info: h.Info, Others: slices.SortedFunc(maps.Values(h.Twins), func(a, b *fleet.Twin) int { return cmp.Compare(a.ID, b.ID) })})
		}
		if k := h.Known; k != nil && k.Lie != "" {
			d.Liars = append(d.Liars, Liar{Host: h.Name, Why: k.Lie, At: k.LieAt})
		}
	}
	slices.SortFunc(d.Silent, func(a, b Silent) int { return cmp.Compare(a.Host, b.Host) })
	slices.SortFunc(d.Twice, func(a, b Twice) int { return cmp.Compare(a.Host, b.Host) })
	slices.SortFunc(d.Liars, func(a, b Liar) int { return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Why, b.Why)) })
	return d
}

func failingAt(p *Portal) (Failing, bool) {
	if p.Failing == 0 {
		return Failing{}, false
	}
	f := Failing{Portal: p.Portal, ISNS: p.ISNS, Hosts: p.Hosts, Gone: true}
	stages := map[string]*Stage{}
	for _, g := range p.Groups {
		if g.Up {
			f.Gone = false
			continue
		}
		if f.Since.IsZero() || g.Since.Before(f.Since) {
			f.Since = g.Since
		}
		if stages[g.Stage] == nil {
			stages[g.Stage] = &Stage{Stage: g.Stage, Message: g.Message}
		}
		stages[g.Stage].Paths += len(g.Paths)
		for _, path := range g.Paths {
			f.Failed = append(f.Failed, path.Host)
		}
	}
	slices.Sort(f.Failed)
	f.Failed = slices.Compact(f.Failed)
	for _, s := range stages {
		f.Stages = append(f.Stages, *s)
	}
	slices.SortFunc(f.Stages, func(a, b Stage) int { return cmp.Or(cmp.Compare(b.Paths, a.Paths), cmp.Compare(a.Stage, b.Stage)) })
	return f, true
}

// missingAt compares the hosts that have a portal with those that are to. Of a host that
// has more paths than it publishes, or a record of a newer version, nothing is said.
func (v *View) missingAt(p *Portal) (Missing, bool) {
	if p.Desired == nil {
		return Missing{}, false
	}
	has := map[string]bool{}
	for _, g := range p.Groups {
		for _, path := range g.Paths {
			has[path.Host] = true
		}
	}
	m := Missing{Portal: p.Portal}
	for _, h := range v.Hosts {
		if h.Info == nil || !fleet.Meets(p.Desired.Hosts, h.Name) {
			continue
		}
		m.Of++
		if !has[h.Name] && h.Info.Unpublished == 0 && !v.isNew(h.Info, p.Desired) {
			m.Hosts = append(m.Hosts, h.Name)
		}
	}
	slices.Sort(m.Hosts)
	return m, len(m.Hosts) > 0
}

// isNew reports a host that has not had time to ask a portal: either has begun not long ago.
// Three clocks are compared, so what lies a little in the future counts as well, and what lies
// far in it does not: a clock that is wrong hides nothing for longer than four intervals.
func (v *View) isNew(host *fleet.Info, portal *fleet.Portal) bool {
	grace := time.Duration(2 * min(max(host.Every, minEvery), maxEvery) * float64(time.Second))
	recent := func(t time.Time) bool { return !t.IsZero() && v.AsOf.Sub(t).Abs() < grace }
	return recent(host.Started) || recent(portal.Changed)
}

// Intervals of hosts are believed within these bounds, in seconds.
const (
	minEvery = 5
	maxEvery = 3600
)

// isSubset reports whether all of some are in more, and more has others besides; both are in
// order.
func isSubset(some, more []string) bool {
	if len(some) >= len(more) {
		return false
	}
	for _, s := range some {
		i, found := slices.BinarySearch(more, s)
		if !found {
			return false
		}
		more = more[i+1:]
	}
	return true
}

// namesOf returns the names of an answer, which are in order.
func namesOf(targets []target.Target) []string {
	names := make([]string, len(targets))
	for i := range targets {
		names[i] = targets[i].Name
	}
	return names
}
