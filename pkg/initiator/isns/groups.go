package isns

// A way is one from a node to a portal, by their numbers.
type way struct{ node, portal int32 }

// An accessKind says how a node is reached through a portal.
type accessKind struct {
	group  uint16 // portal group tag, where told
	beside bool   // the portal came with the node
	told   bool   // a group told the tag, or that there is no access
	denied bool   // there is no access
}

// setOwner takes the name of the node that a portal group belongs to.
func (c *collector) setOwner(a *Attribute) error {
	c.owner, c.named = nil, true
	s, err := a.Text()
	if err != nil {
		c.badValue(err)
		return nil
	}
	c.owner, err = c.find(s)
	return err
}

// endGroup takes the tag of a portal group, which says how the node is to be reached
// through the portal; without a value, not at all (RFC 4171, section 3.4).
func (c *collector) endGroup(a *Attribute) error {
	n := c.owner
	if !c.named {
		n = c.node
	}
	at := c.group
	c.owner, c.named, c.group = nil, false, readPortal{}
	if n == nil {
		return nil
	}
	n.groups = true // a portal beside the node is none of it, whatever the group says
	if !at.ok {
		return nil
	}
	is := accessKind{told: true, denied: a.IsEmpty()}
	if !is.denied {
		tag, err := a.Number()
		if err != nil {
			c.badValue(err)
			return nil
		}
		if tag > 1<<16-1 {
			c.warn(WarnAttribute, false, "the portal group tag %d of %s: only its lower 16 bits count%s", tag, at.key(), c.of())
		}
		is.group = uint16(tag)
	}
	return c.reach(n, at.key(), is)
}

// reach notes how a node is reached through a portal. What a server says first counts.
func (c *collector) reach(n *gathered, at portalKey, is accessKind) error {
	k, err := c.number(at)
	if err != nil {
		return err
	}
	w := way{n.index, k}
	was := c.access[w]
	if was.told {
		if was.group != is.group || was.denied != is.denied {
			c.warn(WarnGroup, false, "portal %s came with two portal groups for one target: the first counts%s", at, c.of())
		}
		return nil
	}
	if !is.denied {
		if len(n.ways) >= c.limits.MaxPortals {
			c.tooMany(n, "portals")
			return nil
		}
		n.ways = append(n.ways, k)
	}
	is.beside = was.beside
	c.access[w] = is
	return c.take(accessSize)
}
