package isns

import "github.com/go-iscsi/discovery/pkg/initiator/name"

// A readDomains is what is told of discovery domains. Of a domain an attribute may come
// before or behind its members, and it may come again.
type readDomains struct {
	all     []Domain
	byID    map[uint32]int32
	members map[membershipKey]struct{}
	now     int32 // that is being read; -1: none
}

// A membershipKey is a node in a discovery domain, by their numbers.
type membershipKey struct{ node, domain int32 }

// addDomain takes an attribute of a discovery domain: its ID, its name, and its members.
// Members that are no node of the answer are passed over.
func (c *collector) addDomain(a *Attribute) error {
	switch a.Tag {
	case TagDDID:
		return c.beginDomain(a)
	case TagDDName:
		s, err := a.Text()
		if err != nil {
			c.badValue(err)
			return nil
		}
		if c.domains.now < 0 {
			return nil
		}
		c.domains.all[c.domains.now].Name = s
		return c.take(len(s))
	case TagDDMember:
		return c.addMember(a)
	}
	return nil
}

// beginDomain begins a domain, or goes on with one that came before.
func (c *collector) beginDomain(a *Attribute) error {
	d := &c.domains
	d.now = -1
	id, err := a.Number()
	if err != nil {
		c.badValue(err)
		return nil
	}
	c.answer.Domains = true
	if i, ok := d.byID[id]; ok {
		d.now = i
		return nil
	}
	d.now = int32(len(d.all))
	d.byID[id] = d.now
	d.all = append(d.all, Domain{ID: id})
	return c.take(domainSize)
}

// addMember notes the domain at a member.
func (c *collector) addMember(a *Attribute) error {
	s, err := a.Text()
	if err != nil {
		c.badValue(err)
		return nil
	}
	i, ok := c.nodes[name.Fold(s)]
	if !ok || c.domains.now < 0 {
		return nil
	}
	n, key := c.order[i], membershipKey{i, c.domains.now}
	if _, ok := c.domains.members[key]; ok {
		return nil
	}
	if len(n.domains) >= c.limits.MaxPortals {
		c.tooMany(n, "discovery domains")
		return nil
	}
	c.domains.members[key] = struct{}{}
	n.domains = append(n.domains, c.domains.now)
	return c.take(memberSize)
}

// domainsOf returns the domains of a node.
func (c *collector) domainsOf(n *gathered) []Domain {
	if len(n.domains) == 0 {
		return nil
	}
	all := make([]Domain, len(n.domains))
	for i, k := range n.domains {
		all[i] = c.domains.all[k]
	}
	return all
}
