package ikev2

import (
	"encoding/binary"
	"errors"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A notify is a Notify payload (RFC 7296, section 3.10).
type notify struct {
	protocol uint8
	kind     uint16
	spi      []byte
	data     []byte
}

var errNotify = errors.New("a Notify payload is malformed")

// payload returns the notify as a payload.
func (n notify) payload() ike.Payload {
	b := []byte{n.protocol, byte(len(n.spi))}
	b = binary.BigEndian.AppendUint16(b, n.kind)
	b = append(b, n.spi...)
	return ike.Payload{Type: payloadNotify, Body: append(b, n.data...)}
}

func parseNotify(b []byte) (notify, error) {
	if len(b) < 4 || int(b[1]) > len(b)-4 {
		return notify{}, errNotify
	}
	n := 4 + int(b[1])
	return notify{protocol: b[0], kind: binary.BigEndian.Uint16(b[2:]), spi: b[4:n], data: b[n:]}, nil
}

// A deletion is a Delete payload (RFC 7296, section 3.11).
type deletion struct {
	protocol uint8
	spis     []uint32 // of ESP; those of IKE are in the header
}

var errDelete = errors.New("a Delete payload is malformed")

func (d deletion) payload() ike.Payload {
	size := byte(4)
	if d.protocol == protocolIKE {
		size = 0
	}
	b := []byte{d.protocol, size}
	b = binary.BigEndian.AppendUint16(b, uint16(len(d.spis)))
	for _, spi := range d.spis {
		b = binary.BigEndian.AppendUint32(b, spi)
	}
	return ike.Payload{Type: payloadDelete, Body: b}
}

func parseDelete(b []byte) (deletion, error) {
	if len(b) < 4 {
		return deletion{}, errDelete
	}
	d := deletion{protocol: b[0]}
	size, count := int(b[1]), int(binary.BigEndian.Uint16(b[2:]))
	b = b[4:]
	if d.protocol != protocolESP {
		if size*count != len(b) {
			return deletion{}, errDelete
		}
		return d, nil
	}
	if size != 4 || count > maxSPIs || len(b) != 4*count {
		return deletion{}, errDelete
	}
	for ; len(b) > 0; b = b[4:] {
		d.spis = append(d.spis, binary.BigEndian.Uint32(b))
	}
	return d, nil
}
