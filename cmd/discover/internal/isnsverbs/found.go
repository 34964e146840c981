package isnsverbs

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// MaxPortals is how many portals a scan asks at most because iSNS servers name them.
const MaxPortals = 4096

// warnNotAsked is the code of the warning that portals are not asked.
const warnNotAsked = "portal-not-asked"

// Found is what iSNS servers name, for a scan that asks the portals.
type Found struct {
	Results []registry.ISNSResult // one for each server
	Portals []initiator.Portal    // to ask, each once
	Failed  int                   // servers that did not answer
	Rules   Rules
	Differences

	blind string // why no address can be told from one of this host; empty: they can
}

// Find asks servers, and returns which of the portals that they name are to be asked: within
// says of an address whether it is. Addresses of this host are not, unless the server is one.
func (a *Asker) Find(ctx context.Context, servers []initiator.Portal, within func(netip.Addr) bool) *Found {
	f := &Found{Rules: Rules{bitmaps: make(map[netip.AddrPort][]ipsec.Existing)}, Differences: newDifferences()}
	own, err := ownAddresses(&a.Command.Env)
	if err != nil {
		f.blind = fmt.Sprintf("it may be one of this host, whose addresses cannot be read (%s); give the portal itself", err)
	}
	for _, p := range servers {
		r := a.Ask(ctx, p)
		if r.Err != nil {
			f.Failed++
		}
		if r.Err != nil || !r.Answer.Complete {
			f.uncertain = true
		}
		if r.Answer != nil {
			f.Rules.add(&r)
			f.take(r.Answer, own, within)
		}
		f.Results = append(f.Results, r)
	}
	return f
}

// take takes the targets and portals of an answer.
func (f *Found) take(a *isns.Answer, own []netip.Prefix, within func(netip.Addr) bool) {
	left := make(map[string]*leftOut)
	var order []*leftOut
	here := a.Server.Addr().IsLoopback() || isOwn(own, a.Server.Addr())
	seen := make(map[netip.AddrPort]bool)
	for i := range a.Nodes {
		n := &a.Nodes[i]
		for k := range n.Portals {
			p := &n.Portals[k]
			f.name(n.Name, p.Address)
			if seen[p.Address] || f.asked[p.Address] != nil {
				continue
			}
			seen[p.Address] = true
			address := p.Seen(a.Server.Addr())
			why := f.whyNot(&address, p.Address.Addr(), own, here, within)
			if why == "" {
				f.ask(p.Address)
				f.Portals = append(f.Portals, initiator.Portal{Address: address.Host, Port: address.Port})
				continue
			}
			if left[why] == nil {
				left[why] = &leftOut{why: why, first: p.Address}
				order = append(order, left[why])
			}
			left[why].count++
		}
	}
	for _, l := range order {
		a.Warnings = append(a.Warnings, isns.Warning{Code: warnNotAsked, Message: l.String()})
	}
}

// A leftOut is portals that are not asked for one reason.
type leftOut struct {
	why   string
	count int
	first netip.AddrPort
}

func (l *leftOut) String() string {
	if l.count == 1 {
		return fmt.Sprintf("portal %s is not asked: %s", l.first, l.why)
	}
	return fmt.Sprintf("%d portals, such as %s, are not asked: %s", l.count, l.first, l.why)
}

// whyNot says why a portal is not asked; empty: it is.
func (f *Found) whyNot(a *target.Address, addr netip.Addr, own []netip.Prefix, here bool, within func(netip.Addr) bool) string {
	switch {
	case addr.IsUnspecified():
		return "the address is unspecified"
	case a.Unusable != target.Usable:
		return "the address cannot be used from here: " + a.Unusable.String()
	case !here && (addr.IsLoopback() || isOwn(own, addr)):
		return "the address is one of this host, and the server is not here"
	case !here && f.blind != "":
		return f.blind
	case isBroadcast(own, addr):
		return "the address is the broadcast address of a network of this host"
	case !within(addr):
		return "the address is outside --within or --family"
	case len(f.Portals) >= MaxPortals:
		return fmt.Sprintf("more than %d portals are named; ask them with several runs and --within", MaxPortals)
	}
	return ""
}

// ownAddresses returns the addresses of this host with their networks.
func ownAddresses(env *machine.Env) (own []netip.Prefix, err error) {
	interfaces, err := env.Interfaces()
	for _, i := range interfaces {
		own = append(own, i.Addresses...)
	}
	return own, err
}

// isOwn reports an address of this host.
func isOwn(own []netip.Prefix, addr netip.Addr) bool {
	for _, p := range own {
		if p.Addr().Unmap().WithZone("") == addr.Unmap().WithZone("") {
			return true
		}
	}
	return false
}

// isBroadcast reports the broadcast address of a network that this host is in.
func isBroadcast(own []netip.Prefix, addr netip.Addr) bool {
	for _, p := range own {
		if !p.Addr().Is4() || p.Bits() > 30 || !p.Contains(addr) {
			continue
		}
		if next := addr.Next(); !next.IsValid() || !p.Contains(next) {
			return true
		}
	}
	return false
}
