package capture

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// maxSegment is how many bytes of the stream one packet holds.
const maxSegment = 16 << 10

// Flags of TCP.
const (
	tcpFIN = 0x01
	tcpSYN = 0x02
	tcpPSH = 0x08
	tcpACK = 0x10
)

// A flow is one direction of a connection.
type flow struct {
	from, to netip.AddrPort
	seq      uint32 // of the next byte
}

// segment writes one packet of a flow: IP, TCP and the bytes. back is the other
// direction, of which the packet acknowledges all.
func (p *Writer) segment(at time.Time, f, back *flow, flags byte, data []byte) {
	tcp := make([]byte, 20)
	be := binary.BigEndian
	be.PutUint16(tcp[0:], f.from.Port())
	be.PutUint16(tcp[2:], f.to.Port())
	be.PutUint32(tcp[4:], f.seq)
	if flags&tcpACK != 0 {
		be.PutUint32(tcp[8:], back.seq)
	}
	tcp[12] = 5 << 4 // header length in words
	tcp[13] = flags
	be.PutUint16(tcp[14:], 0xffff) // window
	f.seq += uint32(len(data))
	if flags&(tcpSYN|tcpFIN) != 0 {
		f.seq++
	}
	src, dst := f.from.Addr().WithZone("").AsSlice(), f.to.Addr().WithZone("").AsSlice()
	be.PutUint16(tcp[16:], checksum(uint32(len(tcp)+len(data)), src, dst, []byte{0, 6}, tcp, data))
	p.packet(at, ipHeader(src, dst, len(tcp)+len(data)), tcp, data)
}

// ipHeader returns the header of a packet of TCP.
func ipHeader(src, dst []byte, payload int) []byte {
	const tcp, hops = 6, 64
	be := binary.BigEndian
	if len(src) == 16 {
		h := make([]byte, 8, 40)
		h[0] = 6 << 4
		be.PutUint16(h[4:], uint16(payload))
		h[6], h[7] = tcp, hops
		return append(append(h, src...), dst...)
	}
	h := make([]byte, 12, 20)
	h[0] = 4<<4 | 5
	be.PutUint16(h[2:], uint16(20+payload))
	be.PutUint16(h[6:], 0x4000) // do not fragment
	h[8], h[9] = hops, tcp
	h = append(append(h, src...), dst...)
	be.PutUint16(h[10:], checksum(0, h))
	return h
}

// checksum returns the Internet checksum of the parts (RFC 1071), each of which
// but the last has an even length.
func checksum(sum uint32, parts ...[]byte) uint16 {
	total := uint64(sum)
	for _, b := range parts {
		for ; len(b) >= 2; b = b[2:] {
			total += uint64(binary.BigEndian.Uint16(b))
		}
		if len(b) == 1 {
			total += uint64(b[0]) << 8
		}
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return ^uint16(total)
}
