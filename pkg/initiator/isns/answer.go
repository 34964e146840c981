package isns

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// An Answer is what a server knows of the targets that we may see.
type Answer struct {
	Server netip.AddrPort // that answered
	Source netip.AddrPort // of ours, that it was asked from; invalid where the connection has no such address

	Nodes   []Node // each name once, in the order of the server
	Domains bool   // the server told the discovery domains

	// Complete: nothing that the server sent was left out. Warnings say what was.
	Complete bool
	Warnings []Warning
}

// A Node is a storage node: a target, unless something else was asked for.
type Node struct {
	Name    string // harmless (see name.Harmful), as the server has it
	Alias   string // valid UTF-8, at most target.MaxAliasLen bytes
	Type    NodeType
	Portals []Portal // that give access to it, each once
	Domains []Domain // discovery domains that it is a member of, as far as we may know
}

// A Portal is one of a node.
type Portal struct {
	Address netip.AddrPort
	Group   int    // portal group tag, 0 to 65535, or target.NoGroup where the server told none
	Name    string // Portal Symbolic Name

	// Security is the Portal Security Bitmap, whose bits are those of ipsec.Flags; without
	// ipsec.FlagValid it says nothing. The server does not prove what it says: it may make
	// IPsec stricter than our own settings, and never weaker.
	Security ipsec.Flags
}

// A Domain is a discovery domain.
type Domain struct {
	ID   uint32
	Name string
}

// A Warning says what of an answer was left out, or looks odd. Its Code is one of package
// target's, or one of these.
type Warning struct {
	Code    string
	Message string // one line; what the server sent is escaped in it
}

// The codes of warnings that are about iSNS alone.
const (
	WarnAttribute = "invalid-attribute"   // the value of an attribute is not of its kind
	WarnPortal    = "invalid-portal"      // the address or port of a portal cannot be used
	WarnSecurity  = "security-bitmap"     // two bitmaps for one portal: the bits of both count
	WarnDomains   = "domains-not-told"    // the server did not tell the discovery domains
	WarnGetNext   = "asked-one-by-one"    // the server does not answer one DevAttrQry for all targets
	WarnDuplicate = "target-listed-twice" // a target came twice: its portals are put together
	WarnNotTarget = "not-a-target"        // a node that was not asked for was left out
	WarnGroup     = "two-portal-groups"   // one portal came with two portal group tags for one target: the first counts
	WarnTooMany   = "too-many"            // portals or discovery domains of one target, of which some were left out
	WarnMore      = "more-warnings"       // the last: others were left out
)

// Targets returns the targets as an answer to SendTargets has them. Addresses to which no
// connection from this host is possible say so (target.Address.Unusable): a loopback
// address, unless the server has one itself, a link-local one, unless the server was
// reached at one, and multicast. A target without a portal has no addresses.
func (a *Answer) Targets() []target.Target {
	all := make([]target.Target, len(a.Nodes))
	for i := range a.Nodes {
		n := &a.Nodes[i]
		all[i] = target.Target{Name: n.Name, Alias: n.Alias, Addresses: make([]target.Address, len(n.Portals))}
		for j, p := range n.Portals {
			all[i].Addresses[j] = p.Seen(a.Server.Addr())
		}
	}
	return all
}

// Seen returns the portal as a target would advertise it in a session with server, the
// address of the iSNS server (Answer.Server).
func (p *Portal) Seen(server netip.Addr) target.Address {
	// The kind of an address is found out where the addresses of targets are read.
	ad, kind, _ := target.ParseAddress(p.Address.String(), p.Address.Port())
	ad.Group = p.Group
	return ad.SeenFrom(server, kind)
}

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
