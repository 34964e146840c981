package isns

import (
	"net/netip"
	"time"
)

// A TraceEvent is a message on its way between us and a server.
type TraceEvent struct {
	Time   time.Time // when its last byte was sent or read
	Server netip.AddrPort
	Source netip.AddrPort // ours
	Sent   bool           // by us; otherwise received

	// Request is what was sent. It is valid during the call and must not be changed; nil: the
	// message was received, and what is in it is read and not kept.
	Request Body

	Header     Header // of the first PDU
	Status     Status // of a response
	PDUs       int    // that the message has
	Bytes      int    // of its payload
	Attributes int    // of a received message
	Complete   bool   // a received message was read to its end; otherwise the numbers are what was read
}

// sent passes a request to Client.Trace.
func (s *session) sent(b Body, message []byte) {
	if s.client.Trace == nil {
		return
	}
	e := TraceEvent{Time: time.Now(), Server: s.server, Source: s.source(), Sent: true, Request: b, Header: parseHeader(message), Complete: true}
	for rest := message; len(rest) >= HeaderLen; e.PDUs++ {
		h := parseHeader(rest)
		e.Bytes += int(h.Length)
		rest = rest[HeaderLen+int(h.Length):]
	}
	s.client.Trace(e)
}

// received passes a message, as far as it was read, to Client.Trace.
func (s *session) received(m *Message, status Status) {
	if s.client.Trace == nil || m == nil {
		return
	}
	s.client.Trace(TraceEvent{
		Time: time.Now(), Server: s.server, Source: s.source(), Header: m.Header, Status: status,
		PDUs: m.pdus, Bytes: m.bytes - m.rest, Attributes: m.attributes,
		Complete: m.rest == 0 && m.pdu.Flags.Has(FlagLast),
	})
}
