package ikev2

import (
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// refusal returns what an error notify says.
func refusal(kind uint16, exchange uint8, step string) *ike.Failure {
	f := &ike.Failure{Cause: ike.Refused, Step: step, Notify: kind, Detail: "the peer refuses"}
	switch kind {
	case notifyInvalidMajorVersion:
		f.Cause = ike.SpeaksIKEv1
	case notifyNoProposalChosen:
		f.Cause = ike.NoESPProposal
		if exchange == exchangeInit {
			f.Cause = ike.NoIKEProposal
		}
	case notifyInvalidKE:
		f.Cause = ike.NoESPProposal
		if exchange == exchangeInit {
			f.Cause = ike.NoIKEProposal
		}
		f.Detail = "the peer wants a group that is not offered"
	case notifyAuthFailed:
		f.Cause = ike.KeyOrIdentity
	case notifyTSUnacceptable:
		f.Cause = ike.Selectors
	}
	return f
}

// suspectAfter remembers what a message says that is not authenticated. It is believed
// when no good answer has come for a while.
func (m *Machine) suspectAfter(now time.Time, f *ike.Failure) {
	if m.suspect == nil || m.suspectAt.IsZero() {
		m.suspect, m.suspectAt = f, now.Add(grace)
		m.hurry(now.Add(grace / 2))
	} else if m.suspect.Cause == ike.Malformed {
		m.suspect = f
	}
}

// hurry has the request that is not answered go out again at a time at the latest, so that a
// good answer can come in time.
func (m *Machine) hurry(at time.Time) {
	r := m.start.request
	if m.security != nil {
		r = m.security.pending
	}
	if r != nil && at.Before(r.next) {
		r.next = at
	}
}

// suspectWithout remembers what a message that cannot be read says. Only Reason tells it.
func (m *Machine) suspectWithout(f *ike.Failure) {
	if m.suspect == nil {
		m.suspect, m.suspectAt = f, time.Time{}
	}
}

// Reason implements ike.Machine.
func (m *Machine) Reason(id int) *ike.Failure {
	for _, c := range m.children {
		if c.id == id && c.failure != nil {
			return c.failure
		}
	}
	switch {
	case m.over != nil:
		return m.over
	case m.suspect != nil:
		return m.suspect
	case !m.heard:
		return &ike.Failure{Cause: ike.Silent, Step: m.step(), Detail: "the peer does not answer"}
	}
	return &ike.Failure{Cause: ike.Stopped, Step: m.step(), Detail: "the peer stopped answering"}
}

// step returns the message that is waited for.
func (m *Machine) step() string {
	switch {
	case m.security == nil:
		return stepInit
	case m.security.pending != nil:
		return m.security.pending.step
	case !m.established:
		return stepAuth
	}
	return stepChild
}

// childFailed ends a child that was never up.
func (m *Machine) childFailed(c *child, f *ike.Failure) {
	if !c.gone {
		c.gone, c.failure = true, f
		m.event(ike.ChildDown{Child: c.id, Err: f})
	}
}

// childLost ends a child that was up.
func (m *Machine) childLost(c *child, reason string) {
	if c.gone {
		return
	}
	c.gone, c.failure = true, &ike.Failure{Cause: ike.Stopped, Step: m.step(), Detail: reason}
	m.deletePairs(c.pairs()...)
	c.current, c.old = nil, nil
	m.event(ike.ChildDown{Child: c.id, Err: &ike.Gone{Reason: reason}})
}

// fail ends the machine.
func (m *Machine) fail(f *ike.Failure) {
	if m.over != nil {
		return
	}
	m.allDown(f, f.Detail)
	m.event(ike.Down{Err: f})
	if f.Notify != 0 && !m.established { // the peer has no association to delete
		m.security.wipe()
		m.security = nil
	}
	m.end(f)
}

// lost ends the machine after it was established.
func (m *Machine) lost(reason string) {
	f := &ike.Failure{Cause: ike.Stopped, Step: m.step(), Detail: reason}
	m.allDown(f, reason)
	m.event(ike.Down{Err: &ike.Gone{Reason: reason}})
	m.end(f)
}

func (m *Machine) allDown(f *ike.Failure, reason string) {
	for _, c := range m.children {
		if c.up {
			c.current, c.old = nil, nil // they go with the IKE security association
			m.childLost(c, reason)
		} else {
			m.childFailed(c, f)
		}
	}
}

// end tells the peer that everything ends, and clears the secrets.
func (m *Machine) end(f *ike.Failure) {
	if m.over != nil {
		return
	}
	m.over, m.queue, m.suspect = f, nil, nil
	if m.start != nil {
		m.start.key.Wipe()
		m.start = nil
	}
	for _, a := range m.securities() {
		m.sendDelete(a)
		a.wipe()
	}
	m.security, m.others, m.rekeying = nil, nil, nil
}

// sendDelete sends the Delete of an IKE security association, and does not wait for the
// answer. Its message ID is the next, whether the request before was answered or not.
func (m *Machine) sendDelete(a *security) {
	if a == nil {
		return
	}
	data, err := a.out.seal(a.header(exchangeInformational, a.nextID, false), []ike.Payload{deletion{protocol: protocolIKE}.payload()}, m.cfg.Random)
	if err == nil {
		m.send(ike.NATTPort, data)
	}
	a.nextID++
}

// deletePairs tells the peer that pairs of associations end.
func (m *Machine) deletePairs(pairs ...*pair) {
	for _, p := range pairs {
		if p != nil && !p.deleted {
			p.deleted = true
			m.deleteSPI(p.in)
		}
	}
}

// deleteSPI tells the peer that the association ends by which we receive.
func (m *Machine) deleteSPI(spi uint32) {
	m.later(func(now time.Time) {
		m.request(now, m.security, exchangeInformational, stepInform,
			[]ike.Payload{deletion{protocol: protocolESP, spis: []uint32{spi}}.payload()}, func(time.Time, *contents) {})
	})
}
