package isns

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"slices"
	"syscall"
)

// The attributes that are asked for: of targets, of the portals that give access to them,
// and of the portal groups between both.
var (
	nodeTags   = []Tag{TagISCSIName, TagNodeType, TagAlias}
	portalTags = []Tag{TagPortalAddress, TagPortalPort, TagPortalName, TagPortalSecurity}
	groupTags  = []Tag{TagPGName, TagPGAddress, TagPGPort, TagPGTag}
	domainTags = []Tag{TagDDID, TagDDName, TagDDMember}
)

// Query asks a server for the targets that we may see. It stores nothing, and without
// Register it changes nothing at the server. ctx bounds it; where we have registered,
// deregistering may take 1.5 seconds more. The error is an *Error; an answer that is not nil
// beside it is what came before.
func (c *Client) Query(ctx context.Context, server netip.AddrPort) (*Answer, error) {
	s, err := c.open(ctx, server)
	if err != nil {
		return nil, err
	}
	defer s.close()
	answer, err := s.answer()
	if c.Register && s.isStranger(answer, err) {
		e := s.register()
		if !anyStatus(e) { // without a response we may be registered all the same
			defer s.deregister()
		}
		switch {
		case e == nil:
			answer, err = s.answer()
		case err != nil || !anyStatus(e):
			return nil, c.failed(server, answer.Source.Addr(), StageRegister, cause(ctx, e))
		}
	}
	if err != nil {
		return answer, c.failed(server, answer.Source.Addr(), StageQuery, cause(ctx, err))
	}
	return answer, nil
}

// answer asks for the targets. Beside an error it is what came before.
func (s *session) answer() (*Answer, error) {
	a := &Answer{Server: s.server, Source: s.source(), Complete: true}
	c := newCollector(a, s.client.Limits.withDefaults())
	err := s.targets(c)
	if err != nil {
		a.Complete = false
	}
	c.finish()
	return a, err
}

// targetTypes are the types of nodes that are targets. open-isns compares the whole type,
// so a node that is a target and something else does not match Target. A server that
// compares bits has told all targets in its first answer.
var targetTypes = []NodeType{Target, Target | Initiator, Target | Control, Target | Initiator | Control}

// targets asks for the targets: all of a type at once, with less where the server does not
// know all attributes, and one by one where it does not take such a query.
func (s *session) targets(c *collector) error {
	want := slices.Concat(nodeTags, portalTags, groupTags)
	err := s.ofType(c, Target, want)
	if refused(err, StatusFormatError, StatusNotUnderstood, StatusNotImplemented) {
		want = slices.Concat(nodeTags, groupTags)
		err = s.ofType(c, Target, want)
	}
	for _, also := range targetTypes[1:] {
		if err != nil || c.loose {
			break
		}
		c.endRound()
		if err = s.ofType(c, also, want); anyStatus(err) && !refused(err, StatusInternalError) {
			err = nil // the server does not know such a type
		}
	}
	switch {
	case refused(err, StatusInternalError): // from open-isns: the answer would be over 8 KiB
		err = s.instead(c, s.byName)
	case refused(err, StatusInvalidQuery, StatusNotSupported):
		err = s.instead(c, s.oneByOne)
	}
	if err != nil {
		return err
	}
	return s.domains(c)
}

// instead asks in another way.
func (s *session) instead(c *collector, ask func(*collector) error) error {
	c.warn(WarnGetNext, false, "the server does not answer one question for all targets, and was asked for one object after the other")
	c.endRound()
	return ask(c)
}

// ofType asks for the nodes of a type. Where there are none, some servers say that there is
// no such entry.
func (s *session) ofType(c *collector, t NodeType, want []Tag) error {
	c.asked = t
	key := []Attribute{NumberAttribute(TagNodeType, uint32(t))}
	err := s.ask(&DevAttrQry{Source: s.client.Name, Key: key, Want: want}, key, c.add)
	if refused(err, StatusNoSuchEntry) {
		return nil
	}
	return err
}

// domains asks for the discovery domains with their members: for all that is known of
// them, since open-isns tells the first member alone where it is asked for members, and
// for the members where the server told nothing. A server that does not tell them is none
// the worse for it.
func (s *session) domains(c *collector) error {
	c.leave() // of a node
	key := []Attribute{Empty(TagDDID)}
	for _, want := range [][]Tag{nil, domainTags} {
		err := s.ask(&DevAttrQry{Source: s.client.Name, Key: key, Want: want}, key, c.addDomain)
		if status := (*StatusError)(nil); errors.As(err, &status) {
			if want == nil && status.Status != StatusInternalError {
				continue
			}
			c.warn(WarnDomains, false, "the server did not tell the discovery domains: %s", status.Status)
			return nil
		}
		if hasClosed(err) {
			c.warn(WarnDomains, false, "the server did not tell the discovery domains: it closed the connection")
			return nil
		}
		if err != nil || c.answer.Domains {
			return err
		}
	}
	return nil
}

// hasClosed reports that the server closed the connection.
func hasClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// anyStatus reports a request that the server refused.
func anyStatus(err error) bool {
	status := (*StatusError)(nil)
	return errors.As(err, &status)
}

// refused reports a request that the server refused with one of some statuses.
func refused(err error, some ...Status) bool {
	status := (*StatusError)(nil)
	return errors.As(err, &status) && slices.Contains(some, status.Status)
}
