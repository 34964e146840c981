package isns

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Security returns the portals of an answer that are to be reached under IPsec, each with
// flags that do not contradict themselves. A portal whose bitmap does not ask for IPsec is
// not among them: a server proves nothing about itself, so what it says may make IPsec
// stricter than other settings say, and never weaker.
func (a *Answer) Security() map[netip.AddrPort]ipsec.Flags {
	all := make(map[netip.AddrPort]ipsec.Flags)
	for i := range a.Nodes {
		for _, p := range a.Nodes[i].Portals {
			if f, ok := p.required(); ok {
				all[p.Address] = f
			}
		}
	}
	return all
}

// required returns the flags that a portal's bitmap asks for; false: it does not ask for
// IPsec. The bitmap says which modes a portal takes, so both of a kind may be set: of the
// exchanges main mode goes first, since it hides the identities, and of the modes transport
// mode, since tunnel mode needs a gateway.
func (p *Portal) required() (ipsec.Flags, bool) {
	f := p.Security
	if !f.Has(ipsec.FlagValid | ipsec.FlagIKE) {
		return 0, false
	}
	f &= ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagAggressive | ipsec.FlagPFS | ipsec.FlagTransport | ipsec.FlagTunnel
	if f.Has(ipsec.FlagMain) {
		f &^= ipsec.FlagAggressive
	}
	if f.Has(ipsec.FlagTransport) {
		f &^= ipsec.FlagTunnel
	}
	return f, true
}
