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

	Nodes   []Node
	Domains bool // the server told the discovery domains

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
)

// Targets returns the targets as an answer to SendTargets has them, as seen from the
// address that the server was asked from. A target without a portal has no addresses.
func (a *Answer) Targets() []target.Target {
	all := make([]target.Target, len(a.Nodes))
	for i := range a.Nodes {
		n := &a.Nodes[i]
		all[i] = target.Target{Name: n.Name, Alias: n.Alias, Addresses: make([]target.Address, len(n.Portals))}
		for j, p := range n.Portals {
			all[i].Addresses[j] = p.Seen(a.Source.Addr())
		}
	}
	return all
}

// Seen returns the portal as a target would advertise it in a session from an address of
// ours.
func (p *Portal) Seen(session netip.Addr) target.Address {
	// The kind of an address is found out where the addresses of targets are read.
	ad, kind, _ := target.ParseAddress(p.Address.String(), p.Address.Port())
	ad.Group = p.Group
	return ad.SeenFrom(session, kind)
}
