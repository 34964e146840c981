package isns

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A portalKey tells portals apart.
type portalKey = netip.AddrPort

// A portalInfo is what is told of a portal beside its key.
type portalInfo struct {
	name     string
	security ipsec.Flags
	bitmap   bool // it was told
}

// A readPortal is the key of a portal that is being read.
type readPortal struct {
	addr netip.Addr
	port uint16
	ok   bool // both are there, and a TCP connection is possible
}

func (p *readPortal) key() portalKey { return netip.AddrPortFrom(p.addr, p.port) }

// newPortal begins a portal.
func (c *collector) newPortal(a *Attribute) readPortal {
	addr, err := a.Address()
	if err != nil {
		c.badValue(err)
		return readPortal{}
	}
	return readPortal{addr: addr}
}

// setPort takes the port of a portal, of which the address came before.
func (p *readPortal) setPort(c *collector, a *Attribute) {
	port, udp, err := a.Port()
	switch {
	case err != nil:
		c.badValue(err)
		return
	case !p.addr.IsValid():
		c.warn(WarnPortal, true, "a portal has a port and no address%s", c.of())
		return
	case udp:
		c.warn(WarnPortal, true, "the portal at %s is one of UDP, which iSCSI does not use%s", p.addr, c.of())
		return
	case port == 0:
		port = pdu.DefaultPort // of the protocol (RFC 4171, section 6.3.2)
	}
	p.port, p.ok = port, true
}

// endPortal takes the port of a portal, which completes its key. A portal behind a node
// gives access to it, unless there are groups.
func (c *collector) endPortal(a *Attribute) error {
	c.portal.setPort(c, a)
	if !c.portal.ok {
		return nil
	}
	k := c.portal.key()
	if _, ok := c.portals[k]; !ok {
		if err := c.take(portalSize); err != nil {
			return err
		}
		c.portals[k] = &portalInfo{}
	}
	if c.node == nil {
		return nil
	}
	return c.way(&c.node.beside, k)
}

// way appends a portal to those of a node.
func (c *collector) way(to *[]portalKey, k portalKey) error {
	for _, have := range *to {
		if have == k {
			return nil
		}
	}
	if len(*to) >= c.limits.MaxPortals {
		return &SizeError{What: "portals of one target", Limit: c.limits.MaxPortals}
	}
	*to = append(*to, k)
	return c.take(portalSize)
}

// setPortal takes what there is of a portal.
func (c *collector) setPortal(a *Attribute) error {
	if !c.portal.ok || a.IsEmpty() {
		return nil
	}
	info := c.portals[c.portal.key()]
	if a.Tag == TagPortalName {
		s, err := a.Text()
		if err != nil {
			c.badValue(err)
			return nil
		}
		info.name = s
		return c.take(len(s))
	}
	v, err := a.Number()
	if err != nil {
		c.badValue(err)
		return nil
	}
	flags := ipsec.Flags(v)
	if info.bitmap && flags != info.security {
		c.warn(WarnSecurity, false, "the portal %s came with two security bitmaps, %s and %s: the bits of both count", c.portal.key(), info.security.Hex(), flags.Hex())
	}
	info.security, info.bitmap = info.security|flags, true
	return nil
}

// setOwner takes the name of the node that a portal group belongs to.
func (c *collector) setOwner(a *Attribute) error {
	s, err := a.Text()
	if err != nil {
		c.badValue(err)
		return nil
	}
	c.owner, err = c.named(s)
	return err
}

// endGroup takes the tag of a portal group, which says how the node is to be reached
// through the portal; without a value, not at all (RFC 4171, section 3.4).
func (c *collector) endGroup(a *Attribute) error {
	n := c.owner
	if n == nil {
		n = c.node
	}
	if n == nil || !c.group.ok {
		return nil
	}
	k := c.group.key()
	if a.IsEmpty() {
		if n.denied == nil {
			n.denied = make(map[portalKey]bool)
		}
		n.denied[k] = true
		return c.take(portalSize)
	}
	tag, err := a.Number()
	if err != nil {
		c.badValue(err)
		return nil
	}
	if tag > 1<<16-1 {
		c.warn(WarnAttribute, false, "the portal group tag %d of %s: only its lower 16 bits count%s", tag, k, text.Shown(c.of()))
	}
	if n.ways == nil {
		n.ways = make(map[portalKey]int)
	}
	if _, ok := n.ways[k]; ok {
		return nil
	}
	n.ways[k] = int(uint16(tag))
	n.inOrder = append(n.inOrder, k)
	if len(n.inOrder) > c.limits.MaxPortals {
		return &SizeError{What: "portals of one target", Limit: c.limits.MaxPortals}
	}
	return c.take(portalSize)
}
