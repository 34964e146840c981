package isnsverbs

import (
	"net/netip"

	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// What differences are kept, and how much is compared: a portal may list any number of
// targets and addresses.
const (
	maxDifferences = 10_000
	maxCompared    = 1 << 17 // addresses that portals advertise
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
	Kind    string          `json:"kind"`
	Target  render.JSONText `json:"target"`
	Portal  render.JSONText `json:"portal"`  // that was asked; empty: any of the target
	Address render.JSONText `json:"address"` // of the target; empty: it is not about one
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

// Differences compares what iSNS servers name with what portals list.
type Differences struct {
	All  []Difference
	More int // that were too many to keep

	named    map[string]*namedTarget // by folded name
	inOrder  []*namedTarget
	asked    map[netip.AddrPort]*askedPortal
	judged   int // portals that gave a complete answer
	compared int
}

// A namedTarget is one that servers name.
type namedTarget struct {
	name    string
	folded  string
	portals map[netip.AddrPort]bool // true: a portal lists it
	order   []netip.AddrPort        // of portals
	extra   []netip.AddrPort        // listed, and not named
	judged  bool                    // a portal that answered lists it
}

// An askedPortal is one that is asked because servers name it.
type askedPortal struct {
	listed map[string]bool // folded names that it lists, of those that are named
	judged bool            // its answer is complete
}

func newDifferences() Differences {
	return Differences{named: make(map[string]*namedTarget), asked: make(map[netip.AddrPort]*askedPortal)}
}

// name takes a portal of a target that a server names.
func (d *Differences) name(target string, portal netip.AddrPort) {
	folded := name.Fold(target)
	n := d.named[folded]
	if n == nil {
		n = &namedTarget{name: target, folded: folded, portals: make(map[netip.AddrPort]bool)}
		d.named[folded] = n
		d.inOrder = append(d.inOrder, n)
	}
	if _, ok := n.portals[portal]; !ok {
		n.portals[portal] = false
		n.order = append(n.order, portal)
	}
}

// ask takes a portal that is going to be asked.
func (d *Differences) ask(portal netip.AddrPort) {
	d.asked[portal] = &askedPortal{listed: make(map[string]bool)}
}

// Listed takes what a portal lists.
func (d *Differences) Listed(b *initiator.Batch) {
	at, ok := literal(b.Portal)
	portal := d.asked[at]
	if !ok || portal == nil {
		return
	}
	for i := range b.Len() {
		folded := name.Fold(string(b.Name(i)))
		n := d.named[folded]
		if n == nil {
			d.add(Difference{Kind: notAtServer, Target: render.JSONText(b.Name(i)), Portal: render.JSONText(at.String())})
			continue
		}
		n.judged, portal.listed[folded] = true, true
		for _, a := range b.Addresses(i) {
			d.address(n, &a)
		}
	}
	if b.Result != nil && b.Result.Err == nil && b.Result.Complete && !portal.judged {
		portal.judged = true
		d.judged++
	}
}

// address takes an address that a portal lists.
func (d *Differences) address(n *namedTarget, a *target.Address) {
	addr, ok := a.Addr()
	if !ok || a.Unusable != target.Usable {
		return
	}
	at := bare(netip.AddrPortFrom(addr, a.Port))
	if _, named := n.portals[at]; named {
		n.portals[at] = true
		return
	}
	for _, e := range n.extra {
		if e == at {
			return
		}
	}
	if d.compared < maxCompared && len(n.extra) < maxExtra {
		d.compared++
		n.extra = append(n.extra, at)
	}
}

// maxExtra is how many addresses of one target that no server names are told.
const maxExtra = 256

// Close adds the differences that show when all portals were asked.
func (d *Differences) Close() {
	for _, n := range d.inOrder {
		for _, at := range n.order {
			portal, listed := d.asked[at], n.portals[at]
			here := portal != nil && portal.listed[n.folded]
			switch {
			case portal != nil && portal.judged && !here:
				d.add(Difference{Kind: notAtPortal, Target: render.JSONText(n.name), Portal: render.JSONText(at.String())})
			case n.judged && !listed && !here:
				d.add(Difference{Kind: notListed, Target: render.JSONText(n.name), Address: render.JSONText(at.String())})
			}
		}
		for _, at := range n.extra {
			d.add(Difference{Kind: notNamed, Target: render.JSONText(n.name), Address: render.JSONText(at.String())})
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
