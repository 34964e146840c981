package netstack

import (
	"encoding/binary"
	"net/netip"
)

const (
	protoTCP  = 6
	ipv4Len   = 20 // of a header without options
	ipv6Len   = 40
	tcpMinLen = 20
)

// A Flow is one direction of a TCP connection. The addresses are unmapped.
type Flow struct{ From, To netip.AddrPort }

// Reverse returns the other direction.
func (f Flow) Reverse() Flow { return Flow{From: f.To, To: f.From} }

// Segment returns the IP packet without what stands after its end, as padding for
// traffic flow confidentiality does (RFC 4303, section 2.7), and the length of its
// header. ok is false where it is no whole TCP segment of the flow: another address,
// protocol or port, a fragment, an extension header.
func (f Flow) Segment(packet []byte) (cut []byte, header int, ok bool) {
	if len(packet) == 0 {
		return nil, 0, false
	}
	switch packet[0] >> 4 {
	case 4:
		return f.segment4(packet)
	case 6:
		return f.segment6(packet)
	}
	return nil, 0, false
}

func (f Flow) segment4(p []byte) (cut []byte, header int, ok bool) {
	if len(p) < ipv4Len || !f.From.Addr().Is4() {
		return nil, 0, false
	}
	header, total := int(p[0]&0xf)*4, int(binary.BigEndian.Uint16(p[2:]))
	const moreOrOffset = 0x3fff // a fragment
	switch {
	case header < ipv4Len || total < header+tcpMinLen || total > len(p):
		return nil, 0, false
	case p[9] != protoTCP || binary.BigEndian.Uint16(p[6:])&moreOrOffset != 0:
		return nil, 0, false
	case netip.AddrFrom4([4]byte(p[12:])) != f.From.Addr() || netip.AddrFrom4([4]byte(p[16:])) != f.To.Addr():
		return nil, 0, false
	}
	return p[:total], header, f.hasPorts(p[header:])
}

func (f Flow) segment6(p []byte) (cut []byte, header int, ok bool) {
	if len(p) < ipv6Len || !f.From.Addr().Is6() {
		return nil, 0, false
	}
	total := ipv6Len + int(binary.BigEndian.Uint16(p[4:]))
	switch {
	case total < ipv6Len+tcpMinLen || total > len(p) || p[6] != protoTCP:
		return nil, 0, false
	case netip.AddrFrom16([16]byte(p[8:])) != f.From.Addr() || netip.AddrFrom16([16]byte(p[24:])) != f.To.Addr():
		return nil, 0, false
	}
	return p[:total], ipv6Len, f.hasPorts(p[ipv6Len:])
}

// hasPorts reports whether a TCP segment has the ports of the flow.
func (f Flow) hasPorts(segment []byte) bool {
	return binary.BigEndian.Uint16(segment) == f.From.Port() && binary.BigEndian.Uint16(segment[2:]) == f.To.Port()
}

// AppendPacket appends an IP packet with a TCP segment to b. The checksum of the segment
// is computed anew: in transport mode behind a NAT it is that of other addresses (RFC
// 3948, section 3.1.2), and what ESP has authenticated needs none. ok is false where the
// segment has other ports than the flow, or is too short or too long.
func (f Flow) AppendPacket(b, segment []byte) (packet []byte, ok bool) {
	header := f.headerLen()
	const most = 1<<16 - 1
	if len(segment) < tcpMinLen || header+len(segment) > most || !f.hasPorts(segment) {
		return b, false
	}
	if header == ipv4Len {
		b = f.appendIPv4(b, len(segment))
	} else {
		b = f.appendIPv6(b, len(segment))
	}
	at := len(b)
	b = append(b, segment...)
	f.checksum(b[at:])
	return b, true
}

func (f Flow) headerLen() int {
	if f.From.Addr().Is4() {
		return ipv4Len
	}
	return ipv6Len
}

// hopLimit is that of a header which no router sees.
const hopLimit = 64

func (f Flow) appendIPv4(b []byte, payload int) []byte {
	from, to := f.From.Addr().As4(), f.To.Addr().As4()
	h := [ipv4Len]byte{0: 4<<4 | ipv4Len/4, 8: hopLimit, 9: protoTCP}
	binary.BigEndian.PutUint16(h[2:], uint16(ipv4Len+payload))
	copy(h[12:], from[:])
	copy(h[16:], to[:])
	binary.BigEndian.PutUint16(h[10:], ^fold(sum(0, h[:])))
	return append(b, h[:]...)
}

func (f Flow) appendIPv6(b []byte, payload int) []byte {
	from, to := f.From.Addr().As16(), f.To.Addr().As16()
	h := [ipv6Len]byte{0: 6 << 4, 6: protoTCP, 7: hopLimit}
	binary.BigEndian.PutUint16(h[4:], uint16(payload))
	copy(h[8:], from[:])
	copy(h[24:], to[:])
	return append(b, h[:]...)
}

// checksum sets the checksum of a TCP segment (RFC 9293, section 3.1).
func (f Flow) checksum(segment []byte) {
	const at = 16
	segment[at], segment[at+1] = 0, 0
	s := uint64(protoTCP) + uint64(len(segment))
	for _, a := range []netip.Addr{f.From.Addr(), f.To.Addr()} {
		if a.Is4() {
			b := a.As4()
			s = sum(s, b[:])
		} else {
			b := a.As16()
			s = sum(s, b[:])
		}
	}
	binary.BigEndian.PutUint16(segment[at:], ^fold(sum(s, segment)))
}

// sum adds the 16-bit words of b (RFC 1071).
func sum(s uint64, b []byte) uint64 {
	for len(b) >= 4 {
		s += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func fold(s uint64) uint16 {
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}
