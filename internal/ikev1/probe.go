package ikev1

import (
	"encoding/binary"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A probe is an IKE_SA_INIT of version 2, which is sent once to a peer that has not
// answered. It has its own SPI, and an answer to it is not authenticated: it only tells
// the likely reason.
type probe struct {
	spi  ike.SPI
	sent bool
}

// Numbers of version 2 (RFC 7296, sections 3.1 to 3.4).
const (
	exchangeSAInit  uint8 = 34
	flagInitiatorV2 uint8 = 8
	flagResponseV2  uint8 = 0x20
	payloadSAV2     uint8 = 33
	payloadKEV2     uint8 = 34
	payloadNonceV2  uint8 = 40
	payloadTransfV2 uint8 = 3
	payloadPropV2   uint8 = 2
)

// sendProbe sends the probe to both ports.
func (m *Machine) sendProbe() {
	m.probe = probe{spi: ike.SPI(m.random(8)), sent: true}
	transforms := ike.AppendPayloads(nil,
		ike.Payload{Type: payloadTransfV2, Body: []byte{1, 0, 0, 12, 0x80, 14, 1, 0}}, // AES-CBC with 256 bits
		ike.Payload{Type: payloadTransfV2, Body: []byte{2, 0, 0, 5}},                  // PRF of HMAC-SHA2-256
		ike.Payload{Type: payloadTransfV2, Body: []byte{3, 0, 0, 12}},                 // HMAC-SHA2-256-128
		ike.Payload{Type: payloadTransfV2, Body: []byte{4, 0, 0, byte(ike.MODP2048)}},
	)
	sa := ike.AppendPayloads(nil, ike.Payload{Type: payloadPropV2, Body: append([]byte{1, protocolISAKMP, 0, 4}, transforms...)})
	public := m.random(ike.MODP2048.PublicLen()) // its exchange is never finished
	public[0] &= 0x7f
	ke := append(binary.BigEndian.AppendUint16(nil, uint16(ike.MODP2048)), 0, 0)
	data := appendClear(ike.Header{Initiator: m.probe.spi, Version: ike.Version2, Exchange: exchangeSAInit, Flags: flagInitiatorV2},
		ike.Payload{Type: payloadSAV2, Body: sa}, ike.Payload{Type: payloadKEV2, Body: append(ke, public...)}, ike.Payload{Type: payloadNonceV2, Body: m.random(nonceLen)})
	for _, port := range []uint16{ike.Port, ike.NATTPort} {
		m.out.Send = append(m.out.Send, ike.Datagram{Port: port, Data: data})
	}
}

// otherVersion takes a message of another version: an answer to the probe, or one to
// message 1 by a peer that does not know version 1.
func (m *Machine) otherVersion(h ike.Header) {
	a := m.first
	if a == nil || a.handshake.step != awaitFirst || h.Version>>4 != ike.Version2>>4 || h.Flags&flagResponseV2 == 0 {
		return
	}
	if h.Initiator != a.initiator && (!m.probe.sent || h.Initiator != m.probe.spi) {
		return
	}
	m.heard = true
	a.handshake.suspect(m.now, &ike.Failure{Cause: ike.SpeaksIKEv2, Step: m.stepName(awaitFirst), Detail: "the peer answers in version 2"})
}
