package ikev1

import (
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// eagerDelay is how long the first Quick Mode comes after the last message of aggressive
// mode, which has no answer: charon drops a Quick Mode that overtakes it.
const eagerDelay = 20 * time.Millisecond

// Retransmissions of message 1 after which more is tried.
const (
	bothAfter  = 2 // it goes to the other port as well
	probeAfter = 3 // the peer is asked whether it speaks IKEv2
)

// replace puts an association in use. What it replaces is deleted after a while, and what
// is up is negotiated anew, since a peer may delete both together.
func (m *Machine) replace(a *association) {
	if m.cfg.Aggressive {
		a.quickAt = m.now.Add(eagerDelay)
	}
	if m.sa != nil {
		m.sa.endAt = m.now.Add(overlap)
		m.old = append(m.old, m.sa)
		for _, q := range slices.Clone(m.quicks) {
			if !q.done() {
				m.settle(q)
			}
		}
	}
	for _, c := range m.children {
		c.renew, c.refused = c.up, false
	}
	m.sa = a
}

// fail ends the association that is being negotiated. Where it was to replace another,
// that one goes on; else all is over.
func (m *Machine) fail(err error) {
	if m.first != nil {
		m.first.wipe()
	}
	m.first = nil
	if m.sa == nil {
		m.finish(err)
	}
}

// finish ends all that is not up, and the IKE security association.
func (m *Machine) finish(err error) {
	m.over = err
	for _, a := range append([]*association{m.sa}, m.old...) {
		if a != nil {
			m.dropQuicks(a)
			a.wipe()
		}
	}
	for _, c := range slices.Clone(m.children) {
		if !c.up {
			m.forget(c)
		}
	}
	m.sa, m.old, m.quicks, m.theirs = nil, nil, nil, nil
	m.tell(ike.Down{Err: err})
	for _, c := range slices.Clone(m.children) {
		if c.renew {
			m.needSA(c)
		}
	}
}

// peerEnded handles the peer's Delete of an IKE security association.
func (m *Machine) peerEnded(a *association) {
	if a == m.sa {
		m.endSA("the peer deleted the IKE security association")
		return
	}
	m.old = slices.DeleteFunc(m.old, func(o *association) bool { return o == a })
	m.dropQuicks(a)
	a.wipe()
}

// dropQuicks ends the Quick Modes under an association.
func (m *Machine) dropQuicks(a *association) {
	under := func(q *quick) bool {
		if q.sa != a {
			return false
		}
		q.wipe()
		return true
	}
	m.quicks = slices.DeleteFunc(m.quicks, under)
	m.theirs = slices.DeleteFunc(m.theirs, under)
}

// endSA ends the IKE security association. Where another one is being negotiated, that is
// waited for.
func (m *Machine) endSA(reason string) {
	a := m.sa
	if m.first == nil {
		m.finish(&ike.Gone{Reason: reason})
		return
	}
	m.dropQuicks(a)
	m.sa = nil
	a.wipe()
}

// tickPhase1 does what is due for IKE security associations.
func (m *Machine) tickPhase1() {
	if a := m.first; a != nil {
		m.tickHandshake(a)
	}
	for _, a := range slices.Clone(m.old) {
		if !m.now.Before(a.endAt) {
			m.deleteSA(a)
			m.peerEnded(a)
		}
	}
	a := m.sa
	switch {
	case a == nil:
	case !m.now.Before(a.endAt):
		m.deleteSA(a)
		m.endSA("the time of the IKE security association is over")
	case m.renewable(a) && !m.now.Before(a.renewAt):
		a.renewing = true
		if m.first == nil {
			m.beginPhase1(a.port)
		}
	}
}

// renewable reports whether another association is to replace a when its time comes: it
// has children, and was not tried to be replaced.
func (m *Machine) renewable(a *association) bool { return !a.renewing && len(m.children) > 0 }

func (m *Machine) tickHandshake(a *association) {
	hs := a.handshake
	if hs.suspicion.due(m.now) {
		if !m.tryAlternative(a) {
			m.fail(hs.suspicion.failure)
		}
		return
	}
	if !hs.resend.due(m.now) || hs.resend.count >= alternativeAfter && m.tryAlternative(a) {
		return
	}
	hs.answers = 0
	m.send(a, hs.resend.data)
	if hs.step != awaitFirst || a.port != ike.Port {
		return
	}
	if hs.resend.count > bothAfter {
		m.out.Send = append(m.out.Send, ike.Datagram{Port: ike.NATTPort, Data: hs.resend.data})
	}
	if hs.resend.count == probeAfter && !m.heard {
		m.sendProbe()
	}
}

// lowerLifetime keeps to the lifetime that the peer says it has, in seconds.
func (a *association) lowerLifetime(now time.Time, seconds uint64) {
	life := lifetime(seconds)
	if seconds == 0 || !now.Add(life).Before(a.endAt) {
		return
	}
	a.renewAt, a.endAt = now.Add(life/5*4), now.Add(life)
}

// lifetime returns a lifetime that the peer says; one that is longer than any that we
// offer is cut.
func lifetime(seconds uint64) time.Duration {
	return time.Duration(min(seconds, ikeLifetime)) * time.Second
}

// lifetimeOf returns the lifetime in seconds that a notify has (RFC 2407, section
// 4.6.3.1); 0: none.
func lifetimeOf(n notify) uint64 {
	list, err := parseAttributes(n.data)
	if err != nil {
		return 0
	}
	types, durations := attrESPLifeType, attrESPLifetime
	if n.protocol == protocolISAKMP {
		if _, s, err := takeLifetime(list, attrLifeType, attrLifetime); err == nil && s != 0 {
			return s
		}
	}
	_, seconds, err := takeLifetime(list, types, durations)
	if err != nil {
		return 0
	}
	return seconds
}
