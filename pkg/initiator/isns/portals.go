package isns

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A portalKey tells portals apart.
type portalKey = netip.AddrPort

// A portalInfo is what is told of a portal.
type portalInfo struct {
	key      portalKey
	name     string
	security ipsec.Flags
	bitmap   bool // it was told
}

// A readPortal is the key of a portal that is being read.
type readPortal struct {
	addr netip.Addr
	port uint16
	open bool // the address is there, and the port is to come
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
	return readPortal{addr: addr, open: true}
}

// cutPortal leaves a portal whose port did not come.
func (c *collector) cutPortal() {
	if c.portal.open {
		c.warn(WarnPortal, true, "the portal at %s has no TCP port%s", c.portal.addr, c.of())
	}
}

// setPort takes the port of a portal, of which the address came before.
func (p *readPortal) setPort(c *collector, a *Attribute) {
	p.ok, p.open = false, false
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
	case p.addr.IsUnspecified():
		// In an answer of a target it would be the address of the target.
		c.warn(WarnPortal, true, "the portal address %s stands for all addresses of a host that is not named%s", p.addr, c.of())
		return
	case port == 0:
		port = pdu.DefaultPort // of the protocol (RFC 4171, section 6.3.2)
	}
	p.port, p.ok = port, true
}

// number returns the number of a portal, which may be new.
func (c *collector) number(k portalKey) (int32, error) {
	if i, ok := c.portals[k]; ok {
		return i, nil
	}
	if err := c.take(portalSize); err != nil {
		return 0, err
	}
	i := int32(len(c.infos))
	c.portals[k] = i
	c.infos = append(c.infos, portalInfo{key: k})
	return i, nil
}

// endPortal takes the port of a portal, which completes its key. A portal behind a node
// gives access to it, unless there are groups.
func (c *collector) endPortal(a *Attribute) error {
	c.portal.setPort(c, a)
	if !c.portal.ok {
		return nil
	}
	k, err := c.number(c.portal.key())
	n := c.node
	if err != nil || n == nil {
		return err
	}
	w := way{n.index, k}
	is := c.access[w]
	if is.beside {
		return nil
	}
	if len(n.beside) >= c.limits.MaxPortals {
		c.tooMany(n, "portals")
		return nil
	}
	is.beside = true
	c.access[w] = is
	n.beside = append(n.beside, k)
	return c.take(accessSize)
}

// setPortal takes what there is of a portal.
func (c *collector) setPortal(a *Attribute) error {
	if !c.portal.ok || a.IsEmpty() {
		return nil
	}
	info := &c.infos[c.portals[c.portal.key()]]
	if a.Tag == TagPortalName {
		s, err := a.Text()
		if err != nil {
			c.badValue(err)
			return nil
		}
		if info.name == s {
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
		c.warn(WarnSecurity, false, "the portal %s came with two security bitmaps, %s and %s: the bits of both count", info.key, info.security.Hex(), flags.Hex())
	}
	info.security, info.bitmap = info.security|flags, true
	return nil
}
