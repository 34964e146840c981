package ikev2

import (
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// request sends a request under a security association, whose window is free.
func (m *Machine) request(now time.Time, a *security, exchange uint8, step string, list []ike.Payload, answered func(time.Time, *contents)) {
	r := &request{security: a, exchange: exchange, id: a.nextID, step: step, answered: answered}
	data, err := a.out.seal(a.header(exchange, r.id, false), list, m.cfg.Random)
	if err != nil {
		m.fail(&ike.Failure{Cause: ike.Stopped, Step: step, Detail: err.Error()})
		return
	}
	r.data = data
	a.nextID++
	a.pending = r
	m.transmit(now, r)
}

// transmit sends a request, again or for the first time.
func (m *Machine) transmit(now time.Time, r *request) {
	r.sent++
	r.wait = min(max(2*r.wait, firstWait), maxWait)
	r.next = now.Add(r.wait)
	if r.security != nil {
		m.send(ike.NATTPort, r.data)
		return
	}
	m.send(m.start.port, r.data)
	if !m.heard && r.sent > 3 && m.start.port == ike.Port {
		m.send(ike.NATTPort, r.data)
	}
}

func (m *Machine) send(port uint16, data []byte) {
	m.out.Send = append(m.out.Send, ike.Datagram{Port: port, Data: data})
}

// receive takes a datagram. What cannot be of one of our exchanges is dropped.
func (m *Machine) receive(now time.Time, d ike.Datagram) {
	h, err := ike.ParseHeader(d.Data)
	if err != nil || m.over != nil || (d.Port != ike.Port && d.Port != ike.NATTPort) {
		return
	}
	if h.Version>>4 == ike.Version1>>4 {
		m.receiveVersion1(now, h)
		return
	}
	if h.Version>>4 != ike.Version2>>4 {
		return
	}
	if h.Exchange == exchangeInit {
		if m.start != nil {
			m.receiveInit(now, h, d)
		}
		return
	}
	for _, a := range m.securities() {
		if a.owns(h) {
			m.receiveProtected(now, a, h, d.Data)
			if m.established || m.over != nil {
				return
			}
		}
	}
}

// securities returns all IKE security associations.
func (m *Machine) securities() []*security {
	list := m.others[:len(m.others):len(m.others)]
	if m.security != nil {
		list = append(list, m.security)
	}
	if m.rekeying != nil && m.rekeying.rival != nil {
		list = append(list, m.rekeying.rival)
	}
	return list
}

// receiveProtected takes a message under a security association.
func (m *Machine) receiveProtected(now time.Time, a *security, h ike.Header, data []byte) {
	r := a.pending
	response := h.Flags&flagResponse != 0
	switch {
	case response && (r == nil || h.MessageID != r.id || h.Exchange != r.exchange):
		return
	case !response && (!m.established || h.MessageID != a.peerID && h.MessageID+1 != a.peerID):
		return // before the peer is authenticated it has nothing to ask
	case h.Next != payloadEncrypted:
		m.receiveClear(now, h, data)
		return
	}
	list, err := a.in.open(h, data)
	if err != nil {
		m.suspectWithout(&ike.Failure{Cause: ike.Malformed, Step: m.step(), Detail: err.Error()})
		return
	}
	if !response {
		m.receiveRequest(now, a, h, list)
		return
	}
	m.heard = true
	c, err := readContents(list, 1)
	if err != nil {
		// The peer has the keys of the association, so that no better answer will come.
		a.pending = nil
		f := &ike.Failure{Cause: ike.Malformed, Step: r.step, Authenticated: m.established, Detail: err.Error()}
		if m.established {
			m.fail(f)
		} else {
			m.abandon(now, a, f)
		}
		return
	}
	a.pending, m.suspect = nil, nil
	r.answered(now, c)
}

// receiveClear takes a message that is not encrypted where it should be. It is not
// authenticated.
func (m *Machine) receiveClear(now time.Time, h ike.Header, data []byte) {
	list, rest, err := ike.ParsePayloads(h.Next, data[ike.HeaderLen:])
	if m.established || err != nil || len(rest) != 0 || h.Exchange != exchangeAuth {
		return
	}
	c, err := readContents(list, 1)
	if err != nil {
		return
	}
	if n := c.failure(); n != nil {
		m.suspectAfter(now, refusal(n.kind, exchangeAuth, stepAuth))
	}
}

// receiveVersion1 takes a message of IKEv1 that has our SPI: so a peer answers that knows
// no other version.
func (m *Machine) receiveVersion1(now time.Time, h ike.Header) {
	if m.start != nil && h.Initiator == m.start.spi {
		m.heard = true
		m.initFailed(now, &ike.Failure{Cause: ike.SpeaksIKEv1, Step: stepInit, Detail: "the peer's answer is of version 1"})
	}
}

// receiveRequest takes a request of the peer's. A repeated one gets the same bytes.
func (m *Machine) receiveRequest(now time.Time, a *security, h ike.Header, list []ike.Payload) {
	if h.MessageID != a.peerID {
		if a.reply != nil {
			m.send(ike.NATTPort, a.reply)
		}
		return
	}
	answer, after := m.respond(now, a, h.Exchange, list)
	data, err := a.out.seal(a.header(h.Exchange, h.MessageID, true), answer, m.cfg.Random)
	if err != nil {
		m.fail(&ike.Failure{Cause: ike.Stopped, Step: m.step(), Detail: err.Error()})
		return
	}
	a.peerID++
	a.reply = data
	m.send(ike.NATTPort, data)
	if after != nil {
		after()
	}
}
