package isns

import (
	"context"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

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

// isStranger reports that a server told us nothing since we are not registered there: it
// refused to, or, as illumos' server does, it answered with nothing.
func (s *session) isStranger(a *Answer, err error) bool {
	if err != nil {
		return refused(err, StatusSourceUnknown, StatusSourceAbsent)
	}
	if len(a.Nodes) > 0 {
		return false
	}
	key := []Attribute{TextAttribute(TagISCSIName, s.client.Name)}
	known := false
	err = s.ask(&DevAttrQry{Source: s.client.Name, Key: key, Want: []Tag{TagISCSIName}}, key, func(*Attribute) error {
		known = true
		return nil
	})
	return !known && (err == nil || refused(err, StatusSourceUnknown, StatusSourceAbsent, StatusNoSuchEntry))
}

// register registers us as an initiator, under an entity with our own name.
func (s *session) register() error {
	r := registration(name.Fold(s.client.Name), s.client.Name, netip.AddrPort{}, 0)
	return s.ask(r, r.Key, func(*Attribute) error { return nil })
}

// deregister takes us out again: on a connection of its own, for which there is a farewell's
// time, where the session or its context has ended. What fails is forgotten by the server
// after the registration period.
func (s *session) deregister() {
	d := deregistration(name.Fold(s.client.Name), s.client.Name)
	take := func(*Attribute) error { return nil }
	if s.ctx.Err() == nil {
		if err := s.ask(d, nil, take); err == nil || anyStatus(err) {
			return
		}
	}
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(s.ctx), farewell, &initiator.TimeoutError{Limit: farewell})
	defer cancel()
	again, err := s.client.open(ctx, s.server)
	if err != nil {
		return
	}
	defer again.close()
	_ = again.ask(d, nil, take)
}
