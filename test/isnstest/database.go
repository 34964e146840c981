package isnstest

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A Database is what a server knows.
type Database struct {
	Nodes   []Node
	Portals []Portal // those of which more is known than that nodes have them
	Domains []Domain // none: every node sees every other one
}

// A Node is a storage node.
type Node struct {
	Entity string // it was registered under; empty: the network entity "test"
	Name   string
	Alias  string
	Type   isns.NodeType // 0: isns.Target
	Access []Access      // the portals of its entity
}

// NoAccess is the group of a portal that gives no access to a node: a null PG tag (RFC
// 4171, section 3.4).
const NoAccess = -1

// An Access is a portal with its portal group tag for a node.
type Access struct {
	Portal netip.AddrPort
	Group  int // 0 to 65535, or NoAccess
}

// A Portal is what is known of a portal.
type Portal struct {
	Address  netip.AddrPort
	UDP      bool
	Name     string
	Security ipsec.Flags // 0: no bitmap was registered
	SCNPort  uint16      // that notices go to; 0: none
	ESIPort  uint16      // that inquiries go to; 0: none
}

// A Domain is a discovery domain with the iSCSI names of its members.
type Domain struct {
	ID      uint32
	Name    string
	Members []string
}

// Targets returns a database of so many targets, each with one portal in the network
// 192.0.2.0/24, at TCP port 3260 and in portal group 1.
func Targets(names ...string) Database {
	var d Database
	for i, n := range names {
		addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(1 + i%250)})
		d.Nodes = append(d.Nodes, Node{Name: n, Access: []Access{{Portal: netip.AddrPortFrom(addr, 3260), Group: 1}}})
	}
	return d
}

// kind is the type of the node.
func (n *Node) kind() isns.NodeType {
	if n.Type == 0 {
		return isns.Target
	}
	return n.Type
}

// entity is the network entity of the node.
func (n *Node) entity() string {
	if n.Entity == "" {
		return "test"
	}
	return n.Entity
}

// node returns the node of a name; nil: there is none.
func (d *Database) node(name string) *Node {
	for i := range d.Nodes {
		if strings.EqualFold(d.Nodes[i].Name, name) {
			return &d.Nodes[i]
		}
	}
	return nil
}

// portal returns what is known of a portal.
func (d *Database) portal(at netip.AddrPort) Portal {
	for _, p := range d.Portals {
		if p.Address == at {
			return p
		}
	}
	return Portal{Address: at}
}

// domainsOf returns the discovery domains that a node is a member of.
func (d *Database) domainsOf(name string) (all []Domain) {
	for _, x := range d.Domains {
		if x.has(name) {
			all = append(all, x)
		}
	}
	return all
}

func (d *Domain) has(name string) bool {
	return slices.ContainsFunc(d.Members, func(m string) bool { return strings.EqualFold(m, name) })
}

// sees reports whether a node may know of another one: where there are discovery domains,
// both have to be members of one (RFC 4171, section 2.4). Control nodes see all.
func (d *Database) sees(source, name string) bool {
	if len(d.Domains) == 0 || strings.EqualFold(source, name) {
		return true
	}
	if n := d.node(source); n != nil && n.kind()&isns.Control != 0 {
		return true
	}
	return slices.ContainsFunc(d.domainsOf(source), func(x Domain) bool { return x.has(name) })
}
