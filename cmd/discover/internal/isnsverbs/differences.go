package isnsverbs

import (
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// What differences are kept: a portal may list any number of targets and addresses.
const (
	maxDifferences = 10_000
	maxCompared    = 1 << 17 // addresses that portals list, and no server names
	maxExtra       = 256     // of one target
)

// The kinds of differences.
const (
	notAtPortal = "target-not-at-portal"  // the server names the target at the portal, which does not list it
	notAtServer = "target-not-at-server"  // the portal lists a target that no server names
	notListed   = "address-not-at-portal" // the server names a portal of the target that no portal lists as its address
	notNamed    = "address-not-at-server" // a portal lists an address of the target that no server names
)

// A Difference is one between what iSNS servers name and what portals list.
type Difference struct {
	Kind    string        `json:"kind"`
	Target  jsonitem.Text `json:"target"`
	Portal  jsonitem.Text `json:"portal"`  // that was asked; empty: any of the target
	Address jsonitem.Text `json:"address"` // of the target; empty: it is not about one
}

// words says what differs, for people.
func (d *Difference) words() string {
	switch d.Kind {
	case notAtPortal:
		return "named by the iSNS server, not listed by the portal"
	case notAtServer:
		return "listed by the portal, not named by the iSNS server"
	case notListed:
		return "address named by the iSNS server, not listed by a portal"
	}
	return "address listed by a portal, not named by the iSNS server"
}

// Differences compares what iSNS servers name with what portals list. Only a portal that gave
// a complete answer is compared, and what servers do not name only if all their answers are
// complete.
type Differences struct {
	All  []Difference
	More int // that were too many to keep

	named     map[string]*namedTarget // by folded name
	inOrder   []*namedTarget
	asked     map[netip.AddrPort]*askedPortal
	askedBy   []*askedPortal // in the order in which they are asked
	listings  listings
	judged    int  // portals that gave a complete answer
	strange   int  // targets that are kept of these, and no server names
	compared  int  // addresses of these that no server names
	uncertain bool // a server gave no answer that is complete
}

// A namedTarget is one that servers name.
type namedTarget struct {
	name    string
	portals map[netip.AddrPort]confirmed
	order   []netip.AddrPort // of portals
	extra   []netip.AddrPort // listed, and not named
	judged  bool             // a portal that is compared lists it
	hosts   bool             // with a host name for an address, which may be any portal's
}

// confirmed says how portals confirm a portal that servers name for a target.
type confirmed uint8

const (
	byAddress confirmed = 1 << iota // a portal lists it as an address of the target
	byItself                        // it lists the target
)

// An askedPortal is one that is asked because servers name it.
type askedPortal struct {
	at      netip.AddrPort
	judged  bool     // an answer of it is complete
	strange []string // targets that it lists, and no server names
	known   map[string]bool
	more    int // that were too many to keep
}

func newDifferences() Differences {
	return Differences{named: make(map[string]*namedTarget), asked: make(map[netip.AddrPort]*askedPortal), listings: newListings()}
}

// name takes a portal of a target that a server names.
func (d *Differences) name(target string, portal netip.AddrPort) {
	folded := name.Fold(target)
	n := d.named[folded]
	if n == nil {
		n = &namedTarget{name: target, portals: make(map[netip.AddrPort]confirmed)}
		d.named[folded] = n
		d.inOrder = append(d.inOrder, n)
	}
	if _, ok := n.portals[portal]; !ok {
		n.portals[portal] = 0
		n.order = append(n.order, portal)
	}
}

// ask takes a portal that is going to be asked.
func (d *Differences) ask(portal netip.AddrPort) {
	p := &askedPortal{at: portal, known: make(map[string]bool)}
	d.asked[portal] = p
	d.askedBy = append(d.askedBy, p)
}

// Listed takes what a portal lists.
func (d *Differences) Listed(b *initiator.Batch) {
	at, ok := literal(b.Portal)
	portal := d.asked[at]
	if !ok || portal == nil {
		return
	}
	l := d.listings.of(b.Index)
	for i := range b.Len() {
		n := d.named[name.Fold(string(b.Name(i)))]
		if n == nil {
			l.stranger(string(b.Name(i)))
			continue
		}
		if is, named := n.portals[at]; named {
			n.portals[at] = is | byItself
		}
		l.target(n, b.Addresses(i))
	}
	if b.Result == nil {
		return
	}
	if b.Result.Err == nil && b.Result.Complete && !l.over {
		d.judge(portal, l)
	}
	d.listings.end(b.Index)
}

// judge takes the complete answer of a portal.
func (d *Differences) judge(portal *askedPortal, l *listing) {
	if !portal.judged {
		portal.judged = true
		d.judged++
	}
	portal.more += l.more
	for _, name := range l.strange {
		switch {
		case portal.known[name]:
		case d.strange >= maxDifferences:
			portal.more++
		default:
			d.strange++
			portal.known[name] = true
			portal.strange = append(portal.strange, name)
		}
	}
	for _, a := range l.addresses {
		d.address(a)
	}
}

// address takes an address of a complete answer.
func (d *Differences) address(a listedAddress) {
	n := a.of
	n.judged = true
	if n.hosts = n.hosts || a.host; a.host || !a.at.IsValid() {
		return
	}
	if is, named := n.portals[a.at]; named {
		n.portals[a.at] = is | byAddress
		return
	}
	if a.unusable || slices.Contains(n.extra, a.at) || len(n.extra) >= maxExtra || d.compared >= maxCompared {
		return
	}
	d.compared++
	n.extra = append(n.extra, a.at)
}

// Close adds the differences, when all portals were asked.
func (d *Differences) Close() {
	for _, p := range d.askedBy {
		if d.uncertain {
			break
		}
		for _, name := range p.strange {
			d.add(Difference{Kind: notAtServer, Target: jsonitem.Text(name), Portal: jsonitem.Text(p.at.String())})
		}
		d.More += p.more
	}
	for _, n := range d.inOrder {
		for _, at := range n.order {
			portal, is := d.asked[at], n.portals[at]
			switch {
			case is&byItself != 0:
			case portal != nil && portal.judged:
				d.add(Difference{Kind: notAtPortal, Target: jsonitem.Text(n.name), Portal: jsonitem.Text(at.String())})
			case n.judged && !n.hosts && is == 0:
				d.add(Difference{Kind: notListed, Target: jsonitem.Text(n.name), Address: jsonitem.Text(at.String())})
			}
		}
		for _, at := range n.extra {
			if !d.uncertain {
				d.add(Difference{Kind: notNamed, Target: jsonitem.Text(n.name), Address: jsonitem.Text(at.String())})
			}
		}
	}
}

// add keeps a difference, or counts it.
func (d *Differences) add(one Difference) {
	if len(d.All) >= maxDifferences {
		d.More++
		return
	}
	d.All = append(d.All, one)
}

// literal returns the address of a portal that is asked by its address.
func literal(p initiator.Portal) (netip.AddrPort, bool) {
	addr, err := netip.ParseAddr(p.Host())
	return bare(netip.AddrPortFrom(addr, p.Port)), err == nil
}
