package iketest

import (
	"bytes"
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// Payloads of version 1 (RFC 2408, section 3.1; RFC 3947).
const (
	V1SA     uint8 = 1
	V1KE     uint8 = 4
	V1ID     uint8 = 5
	V1Hash   uint8 = 8
	V1Nonce  uint8 = 10
	V1Notify uint8 = 11
	V1Delete uint8 = 12
	V1Vendor uint8 = 13
	V1NATD   uint8 = 20
	V1NATOA  uint8 = 21
)

// Exchanges of version 1.
const (
	v1Main          uint8 = 2
	v1Aggressive    uint8 = 4
	v1Informational uint8 = 5
	v1Quick         uint8 = 32
)

// natTVendor and dpdVendor are the vendor IDs of RFC 3947 and RFC 3706.
var (
	natTVendor = []byte("\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f")
	dpdVendor  = []byte("\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00")
)

// A v1Transform is one transform of an offer, with its own bytes of attributes.
type v1Transform struct {
	number, id uint8
	attributes []byte
	values     map[uint16]uint64
}

// v1Offer is an SA payload with one proposal.
type v1Offer struct {
	protocol   uint8
	spi        []byte
	transforms []v1Transform
}

// readV1SA reads the SA payload of the initiator, which has one proposal.
func readV1SA(b []byte) (o v1Offer, ok bool) {
	if len(b) < 8+4+4 || !bytes.Equal(b[:8], []byte{0, 0, 0, 1, 0, 0, 0, 1}) {
		return o, false
	}
	list, rest, err := ike.ParsePayloads(2, b[8:])
	if err != nil || len(list) != 1 || len(rest) != 0 || len(list[0].Body) < 4 {
		return o, false
	}
	p := list[0].Body
	o.protocol = p[1]
	n := 4 + int(p[2])
	if len(p) < n {
		return o, false
	}
	o.spi = p[4:n]
	list, rest, err = ike.ParsePayloads(3, p[n:])
	if err != nil || len(rest) != 0 || len(list) != int(p[3]) {
		return o, false
	}
	for _, l := range list {
		if l.Type != 3 || len(l.Body) < 4 {
			return o, false
		}
		values, ok := readV1Attributes(l.Body[4:])
		if !ok {
			return o, false
		}
		o.transforms = append(o.transforms, v1Transform{l.Body[0], l.Body[1], l.Body[4:], values})
	}
	return o, true
}

func readV1Attributes(b []byte) (map[uint16]uint64, bool) {
	values := map[uint16]uint64{}
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, false
		}
		class, v := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		b = b[4:]
		if class&0x8000 != 0 {
			values[class&0x7fff] = uint64(v)
			continue
		}
		if len(b) < int(v) || v > 8 {
			return nil, false
		}
		n := make([]byte, 8)
		copy(n[8-v:], b[:v])
		values[class] = binary.BigEndian.Uint64(n)
		b = b[v:]
	}
	return values, true
}

// v1SA returns the body of an SA payload with one proposal of one transform.
func v1SA(protocol uint8, spi []byte, t v1Transform) []byte {
	transform := append([]byte{t.number, t.id, 0, 0}, t.attributes...)
	body := append([]byte{1, protocol, uint8(len(spi)), 1}, spi...)
	body = ike.AppendPayloads(body, ike.Payload{Type: 3, Body: transform})
	return ike.AppendPayloads([]byte{0, 0, 0, 1, 0, 0, 0, 1}, ike.Payload{Type: 2, Body: body})
}

// v1Attribute returns an attribute whose value has 16 bits.
func v1Attribute(class, value uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, 0x8000|class), value)
}

// V1NotifyBody returns the body of a notify.
func V1NotifyBody(protocol uint8, kind uint16, spi, data []byte) []byte {
	b := append([]byte{0, 0, 0, 1, protocol, uint8(len(spi))}, byte(kind>>8), byte(kind))
	return append(append(b, spi...), data...)
}

// V1DeleteBody returns the body of a Delete of one SPI.
func V1DeleteBody(protocol uint8, spi []byte) []byte {
	return append([]byte{0, 0, 0, 1, protocol, uint8(len(spi)), 0, 1}, spi...)
}

// payload returns the body of the only payload of a type; nil: there is none, or more.
func payload(list []ike.Payload, kind uint8) (body []byte) {
	for _, l := range list {
		if l.Type == kind {
			if body != nil {
				return nil
			}
			body = l.Body
		}
	}
	return body
}

func payloads(list []ike.Payload, kind uint8) (bodies [][]byte) {
	for _, l := range list {
		if l.Type == kind {
			bodies = append(bodies, l.Body)
		}
	}
	return bodies
}
