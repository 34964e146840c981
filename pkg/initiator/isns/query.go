package isns

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// The attributes that are asked for: of targets, of the portals that give access to them,
// and of the portal groups between both.
var (
	nodeTags   = []Tag{TagISCSIName, TagNodeType, TagAlias}
	portalTags = []Tag{TagPortalAddress, TagPortalPort, TagPortalName, TagPortalSecurity}
	groupTags  = []Tag{TagPGName, TagPGAddress, TagPGPort, TagPGTag}
	domainTags = []Tag{TagISCSIName, TagDDID, TagDDName}
)

// Query asks a server for the targets that we may see. It stores nothing, and without
// Register it changes nothing at the server. ctx bounds it. The error is an *Error; an
// answer that is not nil beside it is what came before.
func (c *Client) Query(ctx context.Context, server netip.AddrPort) (*Answer, error) {
	s, err := c.open(ctx, server)
	if err != nil {
		return nil, err
	}
	defer s.close()
	answer, err := s.answer()
	if c.Register && refused(err, StatusSourceUnknown, StatusSourceAbsent) {
		if err := s.register(); err != nil {
			return nil, c.failed(server, answer.Source.Addr(), StageRegister, cause(ctx, err))
		}
		defer s.deregister()
		answer, err = s.answer()
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

// targets asks for the targets: all at once, with less where the server does not know all
// attributes, and one by one where it does not take such a query.
func (s *session) targets(c *collector) error {
	key := []Attribute{NumberAttribute(TagNodeType, uint32(Target))}
	err := s.ask(&DevAttrQry{Source: s.client.Name, Key: key, Want: slices.Concat(nodeTags, portalTags, groupTags)}, key, c.add)
	if refused(err, StatusFormatError, StatusNotUnderstood, StatusNotImplemented) {
		err = s.ask(&DevAttrQry{Source: s.client.Name, Key: key, Want: slices.Concat(nodeTags, groupTags)}, key, c.add)
	}
	if refused(err, StatusInvalidQuery, StatusNotSupported) {
		c.warn(WarnGetNext, false, "the server does not take %s, and was asked for one object after the other", FuncDevAttrQry)
		return s.oneByOne(c)
	}
	if err != nil {
		return err
	}
	return s.domains(c, key)
}

// domains asks for the discovery domains. A server that does not tell them is none the
// worse for it.
func (s *session) domains(c *collector, key []Attribute) error {
	told := false
	err := s.ask(&DevAttrQry{Source: s.client.Name, Key: key, Want: domainTags}, key, func(a *Attribute) error {
		switch a.Tag {
		case TagISCSIName:
			c.again(a)
		case TagDDID, TagDDName:
			told = true
			return c.setDomain(a)
		}
		return nil
	})
	if status := (*StatusError)(nil); errors.As(err, &status) {
		c.warn(WarnDomains, false, "the server did not tell the discovery domains: %s", status.Status)
		return nil
	}
	c.answer.Domains = told
	return err
}

// again goes on with a node that came before, or with none.
func (c *collector) again(a *Attribute) {
	c.leave()
	if s, err := a.Text(); err == nil {
		if i, ok := c.nodes[name.Fold(s)]; ok {
			c.node = c.order[i]
		}
	}
}

// refused reports a request that the server refused with one of some statuses.
func refused(err error, some ...Status) bool {
	status := (*StatusError)(nil)
	return errors.As(err, &status) && slices.Contains(some, status.Status)
}
