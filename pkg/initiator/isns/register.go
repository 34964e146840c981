package isns

import "net/netip"

// registration returns the request that registers an initiator in a network entity (RFC
// 4171, section 5.6.5.1), with a portal, where one is given, to which notices go. period
// is how many seconds the server keeps an entity that says nothing; 0: what it likes.
func registration(entity, node string, notices netip.AddrPort, period uint32) *DevAttrReg {
	id := TextAttribute(TagEntityID, entity)
	all := []Attribute{id, NumberAttribute(TagEntityProtocol, ProtocolISCSI)}
	if period > 0 {
		all = append(all, NumberAttribute(TagRegPeriod, period))
	}
	if notices.IsValid() {
		all = append(all,
			AddressAttribute(TagPortalAddress, notices.Addr()), PortAttribute(TagPortalPort, notices.Port()),
			PortAttribute(TagSCNPort, notices.Port()))
	}
	all = append(all, TextAttribute(TagISCSIName, node), NumberAttribute(TagNodeType, uint32(Initiator)))
	return &DevAttrReg{Source: node, Key: []Attribute{id}, Operating: all}
}

// deregistration takes an entity out again.
func deregistration(entity, node string) *DevDereg {
	return &DevDereg{Source: node, Operating: []Attribute{TextAttribute(TagEntityID, entity)}}
}

// register registers us as an initiator, under an entity with our own name.
func (s *session) register() error {
	r := registration(s.client.Name, s.client.Name, netip.AddrPort{}, 0)
	return s.ask(r, r.Key, func(*Attribute) error { return nil })
}

// deregister takes us out again. What fails is forgotten by the server after the
// registration period.
func (s *session) deregister() {
	_ = s.ask(deregistration(s.client.Name, s.client.Name), nil, func(*Attribute) error { return nil })
}
