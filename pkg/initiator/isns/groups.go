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

// A readGroup is a portal group that is being read. It is complete with the address and the
// port of its portal and with its tag, in whatever order they come.
type readGroup struct {
	owner *gathered // that it names; nil: none that can be used
	named bool      // it names its owner, whether that can be used or not

	at                    readPortal
	address, port, hasTag bool // came, whether they can be used or not

	access accessKind
	bad    bool // the tag cannot be used
}

// setGroup takes an attribute of a portal group. One that came before begins the next
// portal group, of the same owner. A group without a tag says nothing: a server tells no
// attribute that it has no value for (RFC 4171, section 5.6.5.2).
func (c *collector) setGroup(a *Attribute) error {
	g := &c.group
	switch a.Tag {
	case TagPGName:
		c.cutGroup()
		return c.setOwner(a)
	case TagPGAddress:
		if g.address {
			c.cutGroup()
		}
		g.at, g.address = c.newPortal(a), true
	case TagPGPort:
		if g.port {
			c.cutGroup()
		}
		g.at.setPort(c, a)
		g.port = true
	case TagPGTag:
		if g.hasTag {
			c.cutGroup()
		}
		g.hasTag = true
		c.setTag(a)
	}
	if g.address && g.port && g.hasTag {
		return c.endGroup()
	}
	return nil
}

// setOwner takes the name of the node that a portal group belongs to.
func (c *collector) setOwner(a *Attribute) error {
	c.group.owner, c.group.named = nil, true
	s, err := a.Text()
	if err != nil {
		c.badValue(err)
		return nil
	}
	c.group.owner, err = c.find(s)
	return err
}

// setTag takes the tag of a portal group, which says how its node is to be reached through
// its portal; without a value, not at all (RFC 4171, section 3.4).
func (c *collector) setTag(a *Attribute) {
	g := &c.group
	g.access = accessKind{told: true, denied: a.IsEmpty()}
	if g.access.denied {
		return
	}
	tag, err := a.Number()
	if err != nil {
		c.badValue(err)
		g.bad = true
		return
	}
	if tag > 1<<16-1 {
		c.warn(WarnAttribute, false, "the portal group tag %d: only its lower 16 bits count%s", tag, c.of())
	}
	g.access.group = uint16(tag)
}

// cutGroup leaves a portal group of which something is missing. Its owner stays.
func (c *collector) cutGroup() {
	g := c.group
	c.group = readGroup{owner: g.owner, named: g.named}
	if n := c.ownerOf(&g); n != nil && g.hasTag {
		n.groups = true
		c.warn(WarnPortal, true, "a portal group has a tag, and not the address and the port of its portal%s", c.of())
	}
}

// ownerOf returns the node that a group belongs to; nil: none that can be used.
func (c *collector) ownerOf(g *readGroup) *gathered {
	if g.named {
		return g.owner
	}
	return c.node
}

// endGroup takes a portal group that is complete.
func (c *collector) endGroup() error {
	g := c.group
	c.group = readGroup{}
	n := c.ownerOf(&g)
	if n == nil {
		return nil
	}
	n.groups = true // a portal beside the node is none of it, whatever the group says
	if !g.at.ok || g.bad {
		return nil
	}
	return c.reach(n, g.at.key(), g.access)
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
