package ikev2

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A selector is a range of addresses and ports of a protocol (RFC 7296, section 3.13.1).
type selector struct {
	protocol          uint8 // 0: any
	portLow, portHigh uint16
	addrLow, addrHigh netip.Addr
}

const (
	selectorIPv4 = 7
	selectorIPv6 = 8

	protocolTCP = 6
)

var errSelectors = errors.New("the traffic selectors are malformed")

// The levels of selectors: what is offered first, and what is offered to a peer that
// refuses it.
const (
	levelExact     = iota // the addresses and ports of the connection
	levelPort             // its addresses, and the portal's port
	levelAddresses        // its addresses
)

// selectors returns what is offered for a child: of our end, and of the portal's.
func selectors(c ike.Child, level int) (local, portal selector) {
	local, portal = exact(c.Local), exact(c.Portal)
	if level >= levelPort {
		local.portLow, local.portHigh = 0, 0xffff
	}
	if level >= levelAddresses {
		portal.portLow, portal.portHigh = 0, 0xffff
		local.protocol, portal.protocol = 0, 0
	}
	return local, portal
}

func exact(a netip.AddrPort) selector {
	addr := a.Addr().Unmap().WithZone("")
	return selector{protocol: protocolTCP, portLow: a.Port(), portHigh: a.Port(), addrLow: addr, addrHigh: addr}
}

// contains reports whether other is within s.
func (s selector) contains(other selector) bool {
	return (s.protocol == 0 || s.protocol == other.protocol) &&
		s.portLow <= other.portLow && other.portHigh <= s.portHigh &&
		s.addrLow.BitLen() == other.addrLow.BitLen() && s.addrLow.Compare(other.addrLow) <= 0 && other.addrHigh.Compare(s.addrHigh) <= 0
}

// wide reports whether the selector has more than one end of one connection.
func (s selector) wide() bool { return s.protocol != protocolTCP || s.portLow != s.portHigh }

// appendSelectors appends the body of a TS payload to b.
func appendSelectors(b []byte, list ...selector) []byte {
	b = append(b, byte(len(list)), 0, 0, 0)
	for _, s := range list {
		kind := byte(selectorIPv4)
		if s.addrLow.Is6() {
			kind = selectorIPv6
		}
		b = append(b, kind, s.protocol)
		b = binary.BigEndian.AppendUint16(b, uint16(8+2*s.addrLow.BitLen()/8))
		b = binary.BigEndian.AppendUint16(b, s.portLow)
		b = binary.BigEndian.AppendUint16(b, s.portHigh)
		b = append(b, s.addrLow.AsSlice()...)
		b = append(b, s.addrHigh.AsSlice()...)
	}
	return b
}

// parseSelectors reads the body of a TS payload. Selectors of types that are not known are
// left out.
func parseSelectors(b []byte) ([]selector, error) {
	if len(b) < 4 || b[0] == 0 || b[0] > maxSelectors {
		return nil, errSelectors
	}
	count := int(b[0])
	var list []selector
	for b = b[4:]; count > 0; count-- {
		if len(b) < 8 {
			return nil, errSelectors
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 8 || n > len(b) {
			return nil, errSelectors
		}
		if b[0] == selectorIPv4 || b[0] == selectorIPv6 {
			s := selector{protocol: b[1], portLow: binary.BigEndian.Uint16(b[4:]), portHigh: binary.BigEndian.Uint16(b[6:])}
			size := (n - 8) / 2
			if want := map[byte]int{selectorIPv4: 4, selectorIPv6: 16}[b[0]]; size != want || n != 8+2*want {
				return nil, errSelectors
			}
			s.addrLow, _ = netip.AddrFromSlice(b[8 : 8+size])
			s.addrHigh, _ = netip.AddrFromSlice(b[8+size : n])
			list = append(list, s)
		}
		b = b[n:]
	}
	if len(b) != 0 {
		return nil, errSelectors
	}
	return list, nil
}

// translated returns the selector with the address of another one, where it has one
// address of the same family.
func (s selector) translated(other selector) selector {
	if s.addrLow == s.addrHigh && s.addrLow.BitLen() == other.addrLow.BitLen() {
		s.addrLow, s.addrHigh = other.addrLow, other.addrHigh
	}
	return s
}

// agreed returns the selector of an answer that covers what is needed. Each must be within
// what was offered. In transport mode it may be of one other address: that by which the
// peer knows this end, or itself, behind an address translation (RFC 7296, section
// 2.23.1).
func agreed(answer []selector, offered, needed selector, transport bool) (selector, bool) {
	var found selector
	ok := false
	for _, s := range answer {
		as := s
		if transport {
			as = s.translated(needed)
		}
		if !offered.contains(as) {
			return selector{}, false
		}
		if !ok && as.contains(needed) {
			found, ok = s, true
		}
	}
	return found, ok
}
