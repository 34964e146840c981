package ikev2

import (
	"bytes"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// maxCandidates is how many answers to one IKE_SA_INIT are followed. Each costs an
// exponentiation, and an attacker can send as many as it likes.
const maxCandidates = 16

// A candidate is an IKE security association that an answer to IKE_SA_INIT has made. Nothing
// in such an answer is authenticated, so that each one is followed until the peer has proved
// its key under one of them (RFC 7296, section 2.4). The first is Machine.security, the
// others are Machine.others.

// follows reports whether an answer to IKE_SA_INIT needs no more attention: it is followed
// already, or enough of them were.
func (m *Machine) follows(answer []byte) bool {
	return m.start.answers == maxCandidates || slices.ContainsFunc(m.securities(), func(a *security) bool {
		return slices.ContainsFunc(a.init.answers, func(b []byte) bool { return bytes.Equal(b, answer) })
	})
}

// follow makes the candidate of an answer, and sends IKE_AUTH.
func (m *Machine) follow(now time.Time, peers ike.SPI, suite ike.Suite, c *contents, answer []byte) {
	s := m.start
	s.answers++
	answer = bytes.Clone(answer)
	for _, a := range m.securities() {
		// An answer from which the same keys follow makes no other association: two of
		// them would use the same initialization vectors of AES-GCM.
		if p := a.init; a.peers == peers && a.suite == suite && bytes.Equal(p.nr, c.nonce) && bytes.Equal(p.public, c.public) {
			p.answers = append(p.answers, answer)
			return
		}
	}
	shared, err := s.key.Shared(c.public)
	if err != nil {
		m.initFailed(now, &ike.Failure{Cause: ike.Malformed, Step: stepInit, Detail: err.Error()})
		return
	}
	s.request.next, s.changeAt, m.suspect = time.Time{}, time.Time{}, nil
	a := newSecurity(now, suite, s.spi, peers, true, initialSeed(suite.PRF, shared, s.nonce, c.nonce), s.nonce, c.nonce)
	a.nextID = 1
	if m.security == nil {
		m.security = a
	} else {
		m.others = append(m.others, a)
	}
	a.init = &initialPair{ours: s.request.data, answers: [][]byte{answer}, ni: s.nonce, nr: bytes.Clone(c.nonce), public: bytes.Clone(c.public)}
	m.authenticate(now, a)
}

// abandon ends a candidate under which the peer has not proved its key. With the last one
// the negotiation ends, if no other answer to IKE_SA_INIT follows soon.
func (m *Machine) abandon(now time.Time, a *security, f *ike.Failure) {
	if f.Notify == 0 { // else the peer has no association to delete
		m.sendDelete(a)
	}
	a.wipe()
	if a == m.security {
		m.security = nil
		if len(m.others) > 0 {
			m.security, m.others = m.others[0], m.others[1:]
		}
	} else {
		m.others = slices.DeleteFunc(m.others, func(o *security) bool { return o == a })
	}
	if m.security == nil {
		m.suspect, m.suspectAt = f, now.Add(patience)
	} else {
		m.suspectWithout(f)
	}
}

// abandoned ends the negotiation after the last candidate, or begins anew with wider
// selectors where the peer has refused those of the first child: it keeps no security
// association then.
func (m *Machine) abandoned(now time.Time, f *ike.Failure) {
	if f.Notify != notifyTSUnacceptable || m.first.level == levelAddresses {
		m.fail(f)
		return
	}
	m.first.level++
	m.start.key.Wipe()
	m.begin(now)
}

// settle ends all candidates but the one under which the peer has proved its key.
func (m *Machine) settle(a *security) {
	for _, o := range m.securities() {
		if o != a {
			o.wipe()
		}
	}
	m.start.key.Wipe()
	m.start, m.security, m.others, m.suspect = nil, a, nil, nil
	m.established, a.init = true, nil
}
