package ike

import "encoding/binary"

// payloadHeaderLen is the length of the generic header of a payload in bytes (RFC 2408,
// section 3.2; RFC 7296, section 3.2).
const payloadHeaderLen = 4

// A Payload is one part of a message. Body is what follows the generic header.
type Payload struct {
	Type     uint8
	Critical bool // IKEv2 alone
	Body     []byte
}

// AppendPayloads appends a chain of payloads to b. The type of the first is said in the
// header before it.
func AppendPayloads(b []byte, list ...Payload) []byte {
	for i, p := range list {
		next, critical := uint8(0), uint8(0)
		if i+1 < len(list) {
			next = list[i+1].Type
		}
		if p.Critical {
			critical = 0x80
		}
		b = append(b, next, critical)
		b = binary.BigEndian.AppendUint16(b, uint16(payloadHeaderLen+len(p.Body)))
		b = append(b, p.Body...)
	}
	return b
}

// ParsePayloads reads a chain of payloads, of which first is the type of the first. The
// bodies are parts of b. rest is what follows the last payload: the padding of an
// encrypted message of IKEv1.
func ParsePayloads(first uint8, b []byte) (list []Payload, rest []byte, err error) {
	for next := first; next != 0; {
		if len(b) < payloadHeaderLen {
			return nil, nil, ErrTruncated
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < payloadHeaderLen || n > len(b) {
			return nil, nil, ErrLength
		}
		if len(list) == MaxPayloads {
			return nil, nil, ErrPayloads
		}
		list = append(list, Payload{Type: next, Critical: b[1]&0x80 != 0, Body: b[payloadHeaderLen:n]})
		next, b = b[0], b[n:]
	}
	return list, b, nil
}
