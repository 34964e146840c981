package ikev2

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// An ikeOffer is our rekey of the IKE security association (RFC 7296, section 1.3.2).
type ikeOffer struct {
	old     *security
	spi     ike.SPI
	nonce   []byte
	key     *ike.KeyPair
	retried bool

	rival       *security // by which the peer replaced the same one meanwhile
	rivalLowest []byte
}

// rekeyIKE asks for a new IKE security association.
func (m *Machine) rekeyIKE(now time.Time, group ike.Group, retried bool) {
	key, err := ike.NewKeyPair(group, m.cfg.Random)
	if err != nil {
		m.security.rekeyAt = now.Add(retryAfter)
		return
	}
	o := &ikeOffer{old: m.security, nonce: m.random(32), key: key, retried: retried}
	copy(o.spi[:], m.random(len(o.spi)))
	o.spi[0] |= 1 // not zero
	m.rekeying = o
	m.request(now, o.old, exchangeCreateChild, stepChild, []ike.Payload{
		saPayload(offerIKE(m.cfg.Suites, o.spi[:])...), {Type: payloadNonce, Body: o.nonce}, kePayload(key),
	}, func(now time.Time, c *contents) { m.rekeyAnswered(now, o, c) })
	if o.old.pending != nil {
		o.old.pending.key = key
	}
}

// rekeyAnswered takes the answer to our rekey.
func (m *Machine) rekeyAnswered(now time.Time, o *ikeOffer, c *contents) {
	defer o.key.Wipe()
	m.rekeying = nil
	mine, ok := m.rekeyed(now, o, c)
	switch {
	case ok && (o.rival == nil || bytes.Compare(lowest(o.nonce, c.nonce), o.rivalLowest) >= 0):
		m.replace(mine, now.Add(overlap))
		m.deleteIKE(now, o.old)
		if o.rival != nil { // the peer deletes it
			o.rival.replaced, o.rival.ends = true, now.Add(peerRekeyOverlap)
			m.others = append(m.others, o.rival)
		}
	case ok: // ours has the lowest nonce: it goes (RFC 7296, section 2.8.2)
		mine.replaced, mine.ends = true, now.Add(overlap)
		m.others = append(m.others, mine)
		m.replace(o.rival, now.Add(peerRekeyOverlap))
		m.deleteIKE(now, mine)
	case o.rival != nil:
		m.replace(o.rival, now.Add(peerRekeyOverlap))
	case c.notify(notifyTemporaryFailure) != nil:
		o.old.rekeyAt = now.Add(temporary)
	default:
		o.old.rekeyAt = now.Add(retryAfter)
		n := c.notify(notifyInvalidKE)
		if n == nil || len(n.data) != 2 || o.retried {
			return
		}
		group := ike.Group(binary.BigEndian.Uint16(n.data))
		if slices.ContainsFunc(m.cfg.Suites, func(s ike.Suite) bool { return s.Group == group }) {
			m.rekeyIKE(now, group, true)
		}
	}
}

// rekeyed returns the association that an answer makes.
func (m *Machine) rekeyed(now time.Time, o *ikeOffer, c *contents) (*security, bool) {
	if len(c.offers) != 1 || c.nonce == nil {
		return nil, false
	}
	suite, ok := pickedIKE(c.offers[0], m.cfg.Suites, len(ike.SPI{}))
	if !ok || suite.Group != o.key.Group || c.group != o.key.Group || ike.SPI(c.offers[0].spi) == (ike.SPI{}) {
		return nil, false
	}
	shared, err := o.key.Shared(c.public)
	if err != nil {
		return nil, false
	}
	seed := rekeySeed(o.old.suite.PRF, o.old.keys.d, shared, o.nonce, c.nonce)
	return newSecurity(now, suite, o.spi, ike.SPI(c.offers[0].spi), true, seed, o.nonce, c.nonce), true
}

// replace makes a the IKE security association that has the children. The one before waits
// for its Delete.
func (m *Machine) replace(a *security, until time.Time) {
	old := m.security
	old.replaced, old.ends = true, until
	m.others = append(m.others, old)
	m.security = a
}

// deleteIKE deletes an association that is not the one of the children.
func (m *Machine) deleteIKE(now time.Time, a *security) {
	if a.pending != nil {
		return
	}
	m.request(now, a, exchangeInformational, stepInform, []ike.Payload{deletion{protocol: protocolIKE}.payload()},
		func(time.Time, *contents) { m.forgetOther(a) })
}

func (m *Machine) forgetOther(a *security) {
	a.wipe()
	if o := m.rekeying; o != nil && o.rival == a {
		o.rival, o.rivalLowest = nil, nil
	}
	m.others = slices.DeleteFunc(m.others, func(o *security) bool { return o == a })
}

// deletedIKE takes the peer's Delete of an association. With the one of the children they
// are gone as well (RFC 7296, section 1.4.1).
func (m *Machine) deletedIKE(a *security) {
	switch {
	case a != m.security:
		m.forgetOther(a)
	case m.rekeying != nil && m.rekeying.rival != nil:
		rival := m.rekeying.rival
		m.rekeying = nil
		a.wipe()
		m.security = rival
	default:
		a.wipe()
		m.security = nil
		m.lost("the peer deleted the IKE security association")
	}
}

// respondIKE answers the peer's rekey of the IKE security association.
func (m *Machine) respondIKE(now time.Time, a *security, c *contents) ([]ike.Payload, func()) {
	if a != m.security || a.pending != nil && m.rekeying == nil || m.rekeying != nil && m.rekeying.rival != nil || len(m.others) >= maxReplaced {
		return refuse(notifyTemporaryFailure), nil
	}
	suite, picked, ok := chooseIKE(c.offers, m.cfg.Suites)
	if !ok || ike.SPI(picked.spi) == (ike.SPI{}) {
		return refuse(notifyNoProposalChosen), nil
	}
	key, shared, no := m.respondKey(c, suite.Group)
	if no != nil {
		return no, nil
	}
	defer key.Wipe()
	nonce := m.random(32)
	var spi ike.SPI
	copy(spi[:], m.random(len(spi)))
	spi[0] |= 1
	seed := rekeySeed(a.suite.PRF, a.keys.d, shared, c.nonce, nonce)
	theirs := newSecurity(now, suite, spi, ike.SPI(picked.spi), false, seed, c.nonce, nonce)
	picked.spi = spi[:]
	answer := []ike.Payload{saPayload(picked), {Type: payloadNonce, Body: nonce}, kePayload(key)}
	return answer, func() {
		if o := m.rekeying; o != nil {
			o.rival, o.rivalLowest = theirs, bytes.Clone(lowest(c.nonce, nonce))
			return
		}
		m.replace(theirs, now.Add(peerRekeyOverlap))
	}
}
