package view

import (
	"cmp"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// A Portal is a portal as the fleet sees it.
type Portal struct {
	Portal  initiator.Portal // the address in its canonical form
	ISNS    bool             // it is an iSNS server
	Desired *fleet.Portal    // what config/ says of it; nil: nothing
	Hosts   int              // that have it
	Failing int              // of them, those of which a path fails
	Groups  []Group          // of paths that see the same; of most hosts first
}

// A Group is paths of hosts to a portal that see the same: the same answer, or the same
// failure.
type Group struct {
	Up         bool
	Answer     fleet.Digest // zero: there was none, or it was too large to be published
	Targets    int          // of the last answer
	Incomplete bool
	Code       uint32    // of the failure, see initiator.Code
	Stage      string    // of the failure
	Message    string    // of the failure, as the first of the hosts tells it
	Since      time.Time // the earliest of its paths, each by its host's clock
	Hosts      int       // how many different ones
	Paths      []Path    // by host
}

// A Path is what a host sees at an entry.
type Path struct {
	Host  string
	Entry initiator.Key
	*fleet.Path
}

// alike is what the paths of a Group have in common. Of a failure the last answer does not
// count.
type alike struct {
	up         bool
	answer     fleet.Digest
	targets    int
	incomplete bool
	code       uint32
	stage      string
}

func alikeOf(p *fleet.Path) alike {
	if !p.Up {
		return alike{code: p.Code, stage: p.Stage}
	}
	return alike{up: true, answer: p.Answer, targets: p.Targets, incomplete: p.Incomplete}
}

// Portals returns what the hosts that are not silent see, by portal, and portals that they
// are to ask and none has. It is made anew at each call, in time by the number of paths.
func (v *View) Portals() []Portal {
	all := map[portalKey]map[alike][]Path{}
	for _, h := range v.Hosts {
		if h.Silent() {
			continue
		}
		for entry, p := range h.Paths {
			k := portalKey{entry.Portal, entry.ISNS}
			if all[k] == nil {
				all[k] = map[alike][]Path{}
			}
			all[k][alikeOf(p)] = append(all[k][alikeOf(p)], Path{h.Name, entry.Key, p})
		}
	}
	for p := range v.Desired {
		if k := (portalKey{p, false}); all[k] == nil {
			all[k] = nil
		}
	}
	portals := make([]Portal, 0, len(all))
	for k, groups := range all {
		portals = append(portals, v.portal(k, groups))
	}
	slices.SortFunc(portals, func(a, b Portal) int {
		return comparePortalKeys(portalKey{a.Portal, a.ISNS}, portalKey{b.Portal, b.ISNS})
	})
	return portals
}

// A portalKey tells portals from iSNS servers at the same address.
type portalKey struct {
	portal initiator.Portal
	isns   bool
}

func (v *View) portal(k portalKey, groups map[alike][]Path) Portal {
	p := Portal{Portal: k.portal, ISNS: k.isns}
	if !k.isns {
		p.Desired = v.Desired[k.portal]
	}
	hosts, failing := map[string]bool{}, map[string]bool{}
	for a, paths := range groups {
		slices.SortFunc(paths, comparePaths)
		p.Groups = append(p.Groups, newGroup(a, paths))
		for _, path := range paths {
			hosts[path.Host] = true
			if !a.up {
				failing[path.Host] = true
			}
		}
	}
	p.Hosts, p.Failing = len(hosts), len(failing)
	slices.SortFunc(p.Groups, compareGroups)
	return p
}

// newGroup makes a group of its paths, which are in order.
func newGroup(a alike, paths []Path) Group {
	g := Group{Up: a.up, Answer: a.answer, Targets: a.targets, Incomplete: a.incomplete, Code: a.code, Stage: a.stage, Paths: paths}
	if !a.up {
		g.Message = paths[0].Message
	}
	for i, p := range paths {
		if i == 0 || p.Host != paths[i-1].Host {
			g.Hosts++
		}
		if i == 0 || p.Since.Before(g.Since) {
			g.Since = p.Since
		}
	}
	return g
}

func compareGroups(a, b Group) int {
	return cmp.Or(cmp.Compare(b.Hosts, a.Hosts), cmp.Compare(len(b.Paths), len(a.Paths)), cmp.Compare(b.Targets, a.Targets), comparePaths(a.Paths[0], b.Paths[0]))
}

func comparePaths(a, b Path) int {
	return cmp.Or(cmp.Compare(a.Host, b.Host), compareEntries(a.Entry, b.Entry))
}

func compareEntries(a, b initiator.Key) int {
	return cmp.Or(comparePortals(a.Portal, b.Portal), cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Port.Uint32(), b.Port.Uint32()))
}

// comparePortals orders addresses as numbers, and names behind them.
func comparePortals(a, b initiator.Portal) int {
	x, y := a.Literal(), b.Literal()
	switch {
	case x.IsValid() != y.IsValid():
		if x.IsValid() {
			return -1
		}
		return 1
	case x.IsValid():
		if c := x.Compare(y); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Port, b.Port))
}
