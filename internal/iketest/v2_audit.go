package iketest

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/go-iscsi/discovery/internal/ike"
)

// auditHeader checks the header of a message of the initiator, and that what has a message
// ID once is the same each time.
func (v *V2) auditHeader(h ike.Header, d ike.Datagram) {
	if h.Version != 0x20 || h.Flags&^0x28 != 0 || h.Exchange < 34 || h.Exchange > 37 {
		v.problem("header: version %#x, flags %#x, exchange %d", h.Version, h.Flags, h.Exchange)
	}
	if h.Initiator == (ike.SPI{}) || (h.Responder == ike.SPI{}) != (h.Exchange == 34) {
		v.problem("header: SPIs %x and %x in exchange %d", h.Initiator, h.Responder, h.Exchange)
	}
	if h.Exchange != 34 && d.Port != ike.NATTPort {
		v.problem("exchange %d goes to port %d", h.Exchange, d.Port)
	}
	if h.Exchange == 34 { // a cookie or another group changes it
		return
	}
	key := fmt.Sprintf("%x%x %#x %d", h.Initiator, h.Responder, h.Flags, h.MessageID)
	if before := v.seen[key]; before != nil && !bytes.Equal(before, d.Data) {
		v.problem("two messages with the message ID %d", h.MessageID)
	}
	if v.seen[key] == nil && len(d.Data) >= 40 {
		iv := fmt.Sprintf("%x%x %#x iv %x", h.Initiator, h.Responder, h.Flags&8, d.Data[32:40])
		if v.seen[iv] != nil {
			v.problem("the initialization vector %x is used twice", d.Data[32:40])
		}
		v.seen[iv] = d.Data
	}
	v.seen[key] = bytes.Clone(d.Data)
}

// auditPayloads checks the payloads of a request of the initiator.
func (v *V2) auditPayloads(exchange uint8, list []ike.Payload) {
	for i, p := range list {
		if p.Critical {
			v.problem("payload %d is critical (RFC 7296, section 3.2)", p.Type)
		}
		switch p.Type {
		case 33:
			v.auditSA(exchange, p.Body)
		case 40:
			if len(p.Body) < 16 || len(p.Body) > 256 {
				v.problem("nonce of %d bytes", len(p.Body))
			}
		case 41:
			v.auditNotify(exchange, i, p.Body)
		case 42:
			if p.Body[0] == 1 && len(p.Body) != 4 {
				v.problem("Delete of IKE with an SPI")
			}
		}
	}
	required := map[uint8][]uint8{34: {33, 34, 40}, 35: {35, 39, 33, 44, 45}, 36: {33, 40}}
	for _, kind := range required[exchange] {
		if v2Find(list, kind) == nil {
			v.problem("exchange %d lacks payload %d", exchange, kind)
		}
	}
}

func (v *V2) auditNotify(exchange uint8, place int, b []byte) {
	switch kind := binary.BigEndian.Uint16(b[2:]); {
	case kind == 16384:
		v.problem("INITIAL_CONTACT: it ends other associations of the host")
	case kind == 16390 && (exchange != 34 || place != 0):
		v.problem("the cookie is not the first payload (RFC 7296, section 2.6)")
	case kind == 16393 && (b[0] != 3 || b[1] != 4 || exchange != 36):
		v.problem("REKEY_SA without the SPI of ESP")
	}
}

// auditSA checks the proposals of an SA payload.
func (v *V2) auditSA(exchange uint8, b []byte) {
	for i, p := range v2Proposals(b) {
		if int(p.number) != i+1 {
			v.problem("proposal %d has the number %d", i+1, p.number)
		}
		aead := p.transforms[1][0][0] == 20 || p.transforms[1][0][0] == 28
		switch {
		case aead != (p.transforms[3] == nil):
			v.problem("proposal %d: integrity with a combined cipher, or a cipher without", p.number)
		case p.protocol == 3 && exchange == 35 && p.transforms[4] != nil:
			v.problem("a group in IKE_AUTH (RFC 7296, section 1.2)")
		case p.protocol == 3 && (len(p.transforms[5]) != 2 || len(p.spi) != 4 || binary.BigEndian.Uint32(p.spi) < 256):
			v.problem("proposal %d for ESP: sequence numbers %v, SPI %x", p.number, p.transforms[5], p.spi)
		case p.protocol == 1 && (p.transforms[2] == nil || p.transforms[4] == nil || len(p.spi) != map[uint8]int{34: 0, 36: 8}[exchange]):
			v.problem("proposal %d for IKE lacks something, or has an SPI of %d bytes", p.number, len(p.spi))
		}
	}
}
