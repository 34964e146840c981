package paths

import (
	"cmp"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A painter makes a Picture.
type painter struct {
	*builder
	places map[place]*painted
	order  []*painted // in the order in which they were met
	links  map[[2]int]Link
}

// A painted is a place while the picture is being made.
type painted struct {
	Place
	tag   int   // portal group; -1 where it is not advertised, or has none
	asked bool  // an entry of the registry asks this portal
	heard []int // rows to which the address is advertised
	index int
}

// Picture returns the paths that lead to a target.
func (k *Known) Picture(t *registry.KnownTarget) *Picture {
	p := &painter{builder: k.builder(), places: make(map[place]*painted), links: make(map[[2]int]Link)}
	for i := range t.Mechanisms {
		p.addMechanism(&t.Mechanisms[i])
	}
	picture := &Picture{Name: t.Name, Alias: t.Alias}
	p.sort(picture)
	p.link(t)
	p.finish(picture)
	return picture
}

// at returns the place of a portal.
func (p *painter) at(portal initiator.Portal) *painted {
	portal.SymbolicName = ""
	where := placeOf(portal)
	found, ok := p.places[where]
	if !ok {
		found = &painted{Place: Place{Portal: portal, Group: -1}, tag: target.NoGroup}
		p.places[where] = found
		p.order = append(p.order, found)
	}
	return found
}

// addMechanism takes the places of a mechanism.
func (p *painter) addMechanism(m *registry.Mechanism) {
	row := -1
	if !m.Static {
		n, ok := p.byKey[keyOf(m.Portal)]
		if !ok {
			return // its entry was removed
		}
		p.at(m.Portal.Portal)
		row = p.entries[n].row // which may be none
	}
	if !m.MissingSince.IsZero() {
		return
	}
	for _, a := range m.Addresses {
		to := p.at(initiator.Portal{Address: a.Host, Port: a.Port})
		if !to.Advertised {
			to.Advertised, to.tag = true, a.Group
		}
		if row >= 0 && !slices.Contains(to.heard, row) {
			to.heard = append(to.heard, row)
		}
	}
}

// sort orders the places by their groups; those that are not advertised are the last.
func (p *painter) sort(picture *Picture) {
	slices.SortStableFunc(p.order, func(a, b *painted) int {
		if a.Advertised != b.Advertised {
			if a.Advertised {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.tag, b.tag)
	})
	for i, to := range p.order {
		if to.index = i; !to.Advertised {
			continue
		}
		if n := len(picture.Groups); n == 0 || picture.Groups[n-1] != to.tag {
			picture.Groups = append(picture.Groups, to.tag)
		}
		to.Group = len(picture.Groups) - 1
	}
}

// link makes the links.
func (p *painter) link(t *registry.KnownTarget) {
	shown, missing := make(map[entryKey]bool), make(map[entryKey]bool)
	for i := range t.Mechanisms {
		if m := &t.Mechanisms[i]; !m.Static {
			shown[keyOf(m.Portal)], missing[keyOf(m.Portal)] = m.MissingSince.IsZero(), !m.MissingSince.IsZero()
		}
	}
	for i := range p.entries {
		e := &p.entries[i]
		to, ok := p.places[placeOf(e.key.Portal)]
		if !ok {
			continue
		}
		if to.asked = true; e.row < 0 {
			continue
		}
		key := keyOf(e.key)
		p.add(to, Link{Port: e.row, Portal: to.index, Seen: shown[key] && !e.last.Failed(), Why: e.why(missing[key])})
	}
	for _, to := range p.order {
		if to.asked {
			continue
		}
		for _, row := range to.heard {
			if !p.known.noRoute(&p.rows[row], to.Portal) {
				p.add(to, Link{Port: row, Portal: to.index, Why: "not in the registry"})
			}
		}
	}
}

// add takes a link, unless the same was seen already.
func (p *painter) add(to *painted, l Link) {
	at := [2]int{l.Port, l.Portal}
	if before, ok := p.links[at]; ok && before.Seen {
		return
	}
	if l.Seen {
		l.Why, to.Seen = "", true
	}
	p.links[at] = l
}

// why says why a target is not seen by an entry.
func (e *builtEntry) why(missing bool) string {
	switch {
	case e.last.Time.IsZero():
		return "not asked yet"
	case e.last.Failed():
		return "failed at " + e.last.Stage
	case missing:
		return "no longer shown"
	}
	return "not shown"
}

// finish numbers the ports that have a link.
func (p *painter) finish(picture *Picture) {
	used := make([]int, len(p.rows))
	for at := range p.links {
		used[at[0]] = 1
	}
	for i := range p.rows {
		if used[i] == 1 {
			used[i] = len(picture.Ports)
			picture.Ports = append(picture.Ports, p.rows[i])
		}
	}
	for _, l := range p.links {
		l.Port = used[l.Port]
		picture.Links = append(picture.Links, l)
	}
	slices.SortFunc(picture.Links, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Portal, b.Portal))
	})
	for _, to := range p.order {
		picture.Portals = append(picture.Portals, to.Place)
	}
}
