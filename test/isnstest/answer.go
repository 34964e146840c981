package isnstest

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// reply returns the usual reply to a request. s.mu is held.
func (s *Server) reply(q *Request) *Reply {
	r := &Reply{Function: q.Function.Response(), ID: q.ID, PDUSize: cmp.Or(s.cfg.PDUSize, isns.MaxPDUPayload)}
	if _, registers := q.Body.(*isns.DevAttrReg); s.cfg.MustRegister && !registers && s.db.node(q.source()) == nil {
		r.Payload = Refusal(isns.StatusSourceUnknown)
		return r
	}
	switch b := q.Body.(type) {
	case *isns.DevAttrQry:
		r.Payload = s.query(b)
	case *isns.DevGetNext:
		r.Payload = s.next(b)
	case *isns.DevAttrReg:
		r.Payload = s.register(b)
	case *isns.DevDereg:
		r.Payload = s.deregister(b)
	case *isns.SCNReg:
		r.Payload = Refusal(isns.StatusSuccess)
		if s.db.node(b.Node) == nil {
			r.Payload = Refusal(17) // SCN registration rejected
			break
		}
		s.notices[b.Node] = b.Bitmap
	case *isns.SCNDereg:
		delete(s.notices, b.Node)
		r.Payload = Refusal(isns.StatusSuccess)
	}
	return r
}

// answer puts an answer together.
func (s *Server) answer(key, operating []isns.Attribute) []byte {
	all := slices.Clone(key)
	if !s.cfg.NoDelimiter {
		all = append(all, isns.Empty(isns.TagDelimiter))
	}
	return Attributes(append(all, operating...)...)
}

// query answers a DevAttrQry whose key is of nodes, portals or entities, or empty (RFC
// 4171, section 5.6.5.2): the objects that match, each with what belongs to it.
func (s *Server) query(q *isns.DevAttrQry) []byte {
	k := nodeKind
	if len(q.Key) > 0 {
		k = kindOf(q.Key[0].Tag)
	}
	var kinds []kind
	for _, t := range q.Want {
		if x := kindOf(t); !slices.Contains(kinds, x) {
			kinds = append(kinds, x)
		}
	}
	var operating []isns.Attribute
	found := false
	for _, o := range s.objects(q.Source, k) {
		if !o.matches(q.Key) {
			continue
		}
		found = true
		if len(kinds) == 0 { // all that there is of it
			operating = append(operating, o.all...)
		}
		for _, x := range kinds {
			if x == k {
				operating = o.want(operating, q.Want)
				continue
			}
			for _, beside := range s.ofNode(o.node, x) {
				operating = beside.want(operating, q.Want)
			}
		}
	}
	if !found && len(q.Key) > 0 && q.Key[0].Tag == isns.TagISCSIName && !q.Key[0].IsEmpty() {
		return Refusal(isns.StatusNoSuchEntry)
	}
	return s.answer(q.Key, operating)
}

// next answers a DevGetNext: the object behind the key, in the order of the database.
func (s *Server) next(q *isns.DevGetNext) []byte {
	if len(q.Key) == 0 {
		return Refusal(isns.StatusFormatError)
	}
	k := kindOf(q.Key[0].Tag)
	passed := q.Key[0].IsEmpty()
	for _, o := range s.objects(q.Source, k) {
		if !passed {
			passed = o.matches(q.Key)
			continue
		}
		if kindOfAll(q.Scope) == k && !o.matches(q.Scope) {
			continue
		}
		var key []isns.Attribute
		for _, a := range q.Key {
			if have, ok := o.get(a.Tag); ok {
				key = append(key, have)
			}
		}
		return s.answer(key, o.want(nil, q.Want))
	}
	return Refusal(isns.StatusNoSuchEntry)
}

// kindOfAll returns the kind of the attributes of a scope; 0: there are none.
func kindOfAll(scope []isns.Attribute) kind {
	if len(scope) == 0 {
		return 0
	}
	return kindOf(scope[0].Tag)
}

// register takes the nodes and portals of a DevAttrReg: each node of it has each portal,
// in portal group 1 unless a group says otherwise (RFC 4171, section 5.6.5.1).
func (s *Server) register(q *isns.DevAttrReg) []byte {
	var (
		entity string
		nodes  []Node
		ports  []Portal
		addr   netip.Addr
	)
	for i := range q.Operating {
		a := &q.Operating[i]
		text, _ := a.Text()
		number, _ := a.Number()
		switch a.Tag {
		case isns.TagEntityID:
			entity = text
		case isns.TagPortalAddress:
			addr, _ = a.Address()
		case isns.TagPortalPort:
			ports = append(ports, Portal{Address: netip.AddrPortFrom(addr, uint16(number)), UDP: number>>16&1 == 1})
		case isns.TagSCNPort:
			last(ports).SCNPort = uint16(number)
		case isns.TagESIPort:
			last(ports).ESIPort = uint16(number)
		case isns.TagISCSIName:
			nodes = append(nodes, Node{Name: text})
		case isns.TagNodeType:
			last(nodes).Type = isns.NodeType(number)
		case isns.TagAlias:
			last(nodes).Alias = text
		}
	}
	if q.Replace {
		s.remove(func(n *Node) bool { return n.entity() == entity })
	}
	for _, n := range nodes {
		n.Entity = entity
		for _, p := range ports {
			n.Access = append(n.Access, Access{Portal: p.Address, Group: 1})
		}
		s.remove(func(have *Node) bool { return have.Name == n.Name })
		s.db.Nodes = append(s.db.Nodes, n)
	}
	for _, p := range ports {
		s.db.Portals = slices.DeleteFunc(slices.Clone(s.db.Portals), func(have Portal) bool { return have.Address == p.Address })
		s.db.Portals = append(s.db.Portals, p)
	}
	return s.answer(q.Key, q.Operating)
}

// last returns the last of some; of none, one that is thrown away.
func last[T any](all []T) *T {
	if len(all) == 0 {
		return new(T)
	}
	return &all[len(all)-1]
}

// deregister takes out the entities and nodes of a DevDereg.
func (s *Server) deregister(q *isns.DevDereg) []byte {
	for i := range q.Operating {
		v, _ := q.Operating[i].Text()
		switch q.Operating[i].Tag {
		case isns.TagEntityID:
			s.remove(func(n *Node) bool { return n.entity() == v })
		case isns.TagISCSIName:
			s.remove(func(n *Node) bool { return n.Name == v })
		}
	}
	return Refusal(isns.StatusSuccess)
}

// remove takes nodes out, and what they asked for.
func (s *Server) remove(which func(*Node) bool) {
	s.db.Nodes = slices.DeleteFunc(slices.Clone(s.db.Nodes), func(n Node) bool {
		if which(&n) {
			delete(s.notices, n.Name)
			return true
		}
		return false
	})
}
