package xfrm

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// A selector says which packets a policy is for (struct xfrm_selector).
type selector [56]byte

// Offsets in a selector. Ports and their masks are in network byte order.
const (
	selectorDestination     = 0
	selectorSource          = 16
	selectorDestinationPort = 32
	selectorSourcePort      = 36
	selectorFamily          = 40
	selectorDestinationBits = 42
	selectorSourceBits      = 43
	selectorProtocol        = 44
	selectorInterface       = 48
)

func (s *selector) family() uint16 { return binary.NativeEndian.Uint16(s[selectorFamily:]) }
func (s *selector) protocol() byte { return s[selectorProtocol] }
func (s *selector) device() int32  { return int32(binary.NativeEndian.Uint32(s[selectorInterface:])) }

func (s *selector) source() netip.Prefix {
	return netip.PrefixFrom(addrOf(s[selectorSource:], s.family()), int(s[selectorSourceBits]))
}

func (s *selector) destination() netip.Prefix {
	return netip.PrefixFrom(addrOf(s[selectorDestination:], s.family()), int(s[selectorDestinationBits]))
}

// ports returns the port and the mask at an offset: a port matches where it
// does not differ in a bit of the mask.
func (s *selector) ports(at int) (port, mask uint16) {
	return binary.BigEndian.Uint16(s[at:]), binary.BigEndian.Uint16(s[at+2:])
}

// A flow is the packets of one direction of a connection. A port of zero is not
// chosen yet.
type flow struct {
	from, to netip.AddrPort
}

// flows returns the two directions of a connection.
func flows(source netip.Addr, portal netip.AddrPort) (out, in flow) {
	near := netip.AddrPortFrom(source.Unmap().WithZone(""), 0)
	far := netip.AddrPortFrom(portal.Addr().Unmap().WithZone(""), portal.Port())
	return flow{from: near, to: far}, flow{from: far, to: near}
}

// A coverage says how much of a flow a selector is for.
type coverage uint8

const (
	coversNone coverage = iota
	coversSome          // that depends on what is not known beforehand
	coversAll
)

// covers reports how much of a flow the selector is for.
func (s *selector) covers(f flow) coverage {
	switch {
	case s.family() != family(f.to.Addr()),
		s.protocol() != 0 && s.protocol() != protoTCP,
		!s.source().Contains(f.from.Addr()),
		!s.destination().Contains(f.to.Addr()):
		return coversNone
	}
	c := min(s.coversPort(selectorSourcePort, f.from.Port()), s.coversPort(selectorDestinationPort, f.to.Port()))
	if c == coversAll && s.device() != 0 {
		return coversSome // it depends on the route
	}
	return c
}

func (s *selector) coversPort(at int, port uint16) coverage {
	want, mask := s.ports(at)
	switch {
	case mask == 0:
		return coversAll
	case port == 0:
		return coversSome
	case port&mask == want&mask:
		return coversAll
	}
	return coversNone
}

// String returns the packets, such as "192.0.2.1/32 to 192.0.2.10/32 port 3260".
func (s *selector) String() string {
	return s.end(s.source(), selectorSourcePort) + " to " + s.end(s.destination(), selectorDestinationPort)
}

func (s *selector) end(p netip.Prefix, at int) string {
	port, mask := s.ports(at)
	switch mask {
	case 0:
		return p.String()
	case 0xffff:
		return fmt.Sprintf("%s port %d", p, port)
	}
	return fmt.Sprintf("%s port %d/%#x", p, port, mask)
}
