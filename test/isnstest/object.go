package isnstest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// A kind is a kind of object, by its first tag.
type kind isns.Tag

const (
	entityKind kind = kind(isns.TagEntityID)
	portalKind kind = kind(isns.TagPortalAddress)
	nodeKind   kind = kind(isns.TagISCSIName)
	groupKind  kind = kind(isns.TagPGName)
	domainKind kind = kind(isns.TagDDID)
)

// kindOf returns the kind of object that an attribute belongs to (RFC 4171, section 6.1).
func kindOf(t isns.Tag) kind {
	switch {
	case t < 16:
		return entityKind
	case t < 32:
		return portalKind
	case t < 48:
		return nodeKind
	case t < 64:
		return groupKind
	}
	return domainKind
}

// An object is one of the database, for one that may see it.
type object struct {
	kind kind
	node *Node // it belongs to
	all  []isns.Attribute
}

// get returns an attribute of the object.
func (o *object) get(t isns.Tag) (isns.Attribute, bool) {
	i := slices.IndexFunc(o.all, func(a isns.Attribute) bool { return a.Tag == t })
	if i < 0 {
		return isns.Attribute{}, false
	}
	return o.all[i], true
}

// matches reports whether the object has all values of a message key.
func (o *object) matches(key []isns.Attribute) bool {
	for _, k := range key {
		have, ok := o.get(k.Tag)
		switch {
		case kindOf(k.Tag) != o.kind, !ok:
			return false
		case k.IsEmpty(), bytes.Equal(k.Value, have.Value):
		case k.Tag == isns.TagNodeType: // a node of several types is one of each
			if binary.BigEndian.Uint32(k.Value)&binary.BigEndian.Uint32(have.Value) == 0 {
				return false
			}
		case k.Tag != isns.TagISCSIName || !strings.EqualFold(string(k.Value), string(have.Value)):
			return false
		}
	}
	return true
}

// want appends the attributes that are asked for, in the order of the request.
func (o *object) want(to []isns.Attribute, tags []isns.Tag) []isns.Attribute {
	for _, t := range tags {
		for _, a := range o.all { // a discovery domain has several members
			if a.Tag == t && kindOf(t) == o.kind {
				to = append(to, a)
			}
		}
	}
	return to
}

// objects returns all objects of a kind that a node may see.
func (s *Server) objects(source string, k kind) (all []object) {
	seen := make(map[string]bool)
	for i := range s.db.Nodes {
		n := &s.db.Nodes[i]
		if !s.db.sees(source, n.Name) {
			continue
		}
		for _, o := range s.ofNode(n, k) {
			o.node = n
			if id := string(o.all[0].Value) + "/" + string(o.all[min(1, len(o.all)-1)].Value); k == groupKind || !seen[id] {
				seen[id] = true
				all = append(all, o)
			}
		}
	}
	if k == groupKind { // the key of a group is its index
		for i := range all {
			all[i].all = append(all[i].all, isns.NumberAttribute(isns.TagPGIndex, uint32(i+1)))
		}
	}
	return all
}

// ofNode returns the objects of a kind that belong to a node.
func (s *Server) ofNode(n *Node, k kind) (all []object) {
	add := func(a ...isns.Attribute) { all = append(all, object{kind: k, all: a}) }
	switch k {
	case entityKind:
		add(isns.TextAttribute(isns.TagEntityID, n.entity()), isns.NumberAttribute(isns.TagEntityProtocol, isns.ProtocolISCSI))
	case nodeKind:
		a := []isns.Attribute{isns.TextAttribute(isns.TagISCSIName, n.Name), isns.NumberAttribute(isns.TagNodeType, uint32(n.kind()))}
		if n.Alias != "" {
			a = append(a, isns.TextAttribute(isns.TagAlias, n.Alias))
		}
		add(a...)
	case portalKind:
		for _, at := range n.Access {
			add(s.portalAttributes(s.db.portal(at.Portal))...)
		}
	case groupKind:
		for _, at := range n.Access {
			add(isns.TextAttribute(isns.TagPGName, n.Name), s.address(isns.TagPGAddress, at.Portal.Addr()),
				isns.PortAttribute(isns.TagPGPort, at.Portal.Port()), groupTag(at.Group))
		}
	case domainKind:
		for _, d := range s.db.domainsOf(n.Name) {
			a := []isns.Attribute{isns.NumberAttribute(isns.TagDDID, d.ID), isns.TextAttribute(isns.TagDDName, d.Name)}
			for _, m := range d.Members {
				a = append(a, isns.TextAttribute(isns.TagDDMember, m))
			}
			add(a...)
		}
	}
	return all
}

// portalAttributes returns what a portal has.
func (s *Server) portalAttributes(p Portal) []isns.Attribute {
	port := uint32(p.Address.Port())
	if p.UDP {
		port |= 1 << 16
	}
	a := []isns.Attribute{s.address(isns.TagPortalAddress, p.Address.Addr()), isns.NumberAttribute(isns.TagPortalPort, port)}
	if p.Name != "" {
		a = append(a, isns.TextAttribute(isns.TagPortalName, p.Name))
	}
	if p.Security != 0 {
		a = append(a, isns.NumberAttribute(isns.TagPortalSecurity, uint32(p.Security)))
	}
	return a
}

// address writes an address as the server is told to.
func (s *Server) address(t isns.Tag, addr netip.Addr) isns.Attribute {
	a := isns.AddressAttribute(t, addr)
	if s.cfg.Compatible && addr.Is4() {
		copy(a.Value, make([]byte, 12))
	}
	return a
}

// groupTag returns a portal group tag.
func groupTag(group int) isns.Attribute {
	if group == NoAccess {
		return isns.Empty(isns.TagPGTag)
	}
	return isns.NumberAttribute(isns.TagPGTag, uint32(group))
}
