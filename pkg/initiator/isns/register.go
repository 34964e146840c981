package isns

import "net/netip"

// entityID returns the Entity Identifier that we register under: our name, which no other
// host has.
func (s *session) entityID() string { return s.client.Name }

// register registers us as an initiator (RFC 4171, section 5.6.5.1).
func (s *session) register() error { return s.registerPortal(netip.AddrPort{}, 0) }

// registerPortal registers us with a portal, where one is given, to which notices go.
func (s *session) registerPortal(notices netip.AddrPort, period uint32) error {
	entity := TextAttribute(TagEntityID, s.entityID())
	all := []Attribute{entity, NumberAttribute(TagEntityProtocol, ProtocolISCSI)}
	if period > 0 {
		all = append(all, NumberAttribute(TagRegPeriod, period))
	}
	if notices.IsValid() {
		all = append(all,
			AddressAttribute(TagPortalAddress, notices.Addr()), PortAttribute(TagPortalPort, notices.Port()),
			PortAttribute(TagSCNPort, notices.Port()))
	}
	all = append(all, TextAttribute(TagISCSIName, s.client.Name), NumberAttribute(TagNodeType, uint32(Initiator)))
	key := []Attribute{entity}
	return s.ask(&DevAttrReg{Source: s.client.Name, Key: key, Operating: all}, key, func(*Attribute) error { return nil })
}

// deregister takes us out again. What fails is forgotten by the server after the
// registration period.
func (s *session) deregister() {
	_ = s.ask(&DevDereg{Source: s.client.Name, Operating: []Attribute{TextAttribute(TagEntityID, s.entityID())}}, nil, func(*Attribute) error { return nil })
}
