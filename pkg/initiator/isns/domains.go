package isns

import "github.com/go-iscsi/discovery/pkg/initiator/name"

// addDomain takes an attribute of a discovery domain: its ID, its name, and its members.
// Members that are no node of the answer are passed over.
func (c *collector) addDomain(a *Attribute) error {
	switch a.Tag {
	case TagDDID:
		id, err := a.Number()
		if err != nil {
			c.badValue(err)
		}
		c.domain, c.inDomain = Domain{ID: id}, err == nil
		c.answer.Domains = c.answer.Domains || err == nil
	case TagDDName:
		s, err := a.Text()
		if err != nil {
			c.badValue(err)
			return nil
		}
		c.domain.Name = s // accounted for with each member
	case TagDDMember:
		return c.addMember(a)
	}
	return nil
}

// addMember notes the domain at a member.
func (c *collector) addMember(a *Attribute) error {
	s, err := a.Text()
	if err != nil {
		c.badValue(err)
		return nil
	}
	i, ok := c.nodes[name.Fold(s)]
	if !ok || !c.inDomain {
		return nil
	}
	n := c.order[i]
	if last := len(n.Domains) - 1; last >= 0 && n.Domains[last].ID == c.domain.ID {
		return nil
	}
	if len(n.Domains) >= c.limits.MaxPortals {
		c.tooMany(n, "discovery domains")
		return nil
	}
	if err := c.take(domainSize + len(c.domain.Name)); err != nil {
		return err
	}
	n.Domains = append(n.Domains, c.domain)
	return nil
}
