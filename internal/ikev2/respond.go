package ikev2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// peerRekeyOverlap is how long associations that the peer replaced last, where it does not
// delete them.
const peerRekeyOverlap = time.Minute

// respond returns the answer to a request of the peer's, and what is to be done after it
// was sent, or nil.
func (m *Machine) respond(now time.Time, a *security, exchange uint8, list []ike.Payload) ([]ike.Payload, func()) {
	c, err := readContents(list, maxProposals)
	var critical *criticalError
	switch {
	case errors.As(err, &critical):
		return refuse(notifyUnsupportedCritical, critical.kind), nil
	case err != nil:
		return refuse(notifyInvalidSyntax), nil
	case exchange == exchangeInformational:
		return m.inform(now, a, c)
	case exchange != exchangeCreateChild || c.offers == nil || c.nonce == nil:
		return refuse(notifyInvalidSyntax), nil
	case c.offers[0].protocol == protocolIKE:
		return m.respondIKE(now, a, c)
	}
	n := c.notify(notifyRekeySA)
	switch {
	case n == nil || n.protocol != protocolESP || len(n.spi) != 4:
		return refuse(notifyNoAdditionalSAs), nil
	case a != m.security || m.rekeying != nil:
		return refuse(notifyTemporaryFailure), nil
	}
	return m.respondChild(now, a, c, n.spi)
}

func refuse(kind uint16, data ...byte) []ike.Payload {
	return []ike.Payload{notify{kind: kind, data: data}.payload()}
}

// inform answers INFORMATIONAL (RFC 7296, section 1.4): Delete by what goes with it, and
// all else by nothing.
func (m *Machine) inform(now time.Time, a *security, c *contents) ([]ike.Payload, func()) {
	var ours []uint32
	var lost []*child
	for _, d := range c.deletions {
		if d.protocol == protocolIKE {
			return nil, func() { m.deletedIKE(a) }
		}
		for _, spi := range d.spis {
			ch, p := m.pairOf(spi)
			if p == nil {
				continue
			}
			if !p.deleted {
				ours = append(ours, p.in)
				p.deleted = true
			}
			if p == ch.current {
				ch.current = nil
				lost = append(lost, ch)
				if ch.up { // what is on its way is still received
					ch.old = append(ch.old, p)
				}
			}
			p.ends = now.Add(overlap)
		}
	}
	if c.notify(notifyAuthFailed) != nil {
		return nil, func() { m.deletedIKE(a) }
	}
	var answer []ike.Payload
	if len(ours) > 0 {
		answer = []ike.Payload{deletion{protocol: protocolESP, spis: ours}.payload()}
	}
	return answer, func() {
		for _, ch := range lost {
			m.renew(now, ch)
		}
	}
}

// pairOf returns the pair by which the peer receives under an SPI.
func (m *Machine) pairOf(spi uint32) (*child, *pair) {
	for _, c := range m.children {
		for _, p := range c.pairs() {
			if p.out == spi {
				return c, p
			}
		}
	}
	return nil, nil
}

// renew asks for new associations of a child whose associations the peer deleted, once.
func (m *Machine) renew(now time.Time, c *child) {
	switch {
	case c.gone || c.current != nil:
	case c.up && c.renewed:
		m.childLost(c, "the peer deleted the security associations")
	default:
		c.renewed, c.expires = true, now.Add(renewal)
		if !c.up {
			c.expires = time.Time{} // the caller's time bounds it
		}
		m.later(func(now time.Time) { m.create(now, &offer{child: c}) })
	}
}

// respondChild answers the peer's rekey of a child (RFC 7296, section 1.3.3). spi is the
// one by which the peer receives.
func (m *Machine) respondChild(now time.Time, a *security, c *contents, spi []byte) ([]ike.Payload, func()) {
	ch, old := m.pairOf(binary.BigEndian.Uint32(spi))
	switch {
	case old == nil:
		return []ike.Payload{notify{protocol: protocolESP, kind: notifyChildNotFound, spi: spi}.payload()}, nil
	case old != ch.current || old.deleted || !ch.up || len(ch.old) >= maxReplaced:
		return refuse(notifyTemporaryFailure), nil
	}
	suite, picked, ok := chooseESP(c.offers, ch.want.Suites)
	if !ok || !validSPI(picked.spi) || (c.notify(notifyUseTransportMode) != nil) == ch.want.Tunnel {
		return refuse(notifyNoProposalChosen), nil
	}
	if transport := !ch.want.Tunnel; !covers(c.tsr, old.local, transport) || !covers(c.tsi, old.portal, transport) {
		return refuse(notifyTSUnacceptable), nil
	}
	var key *ike.KeyPair
	var shared ike.Secret
	if suite.Group != 0 {
		var no []ike.Payload
		if key, shared, no = m.respondKey(c, suite.Group); no != nil {
			return no, nil
		}
		defer key.Wipe()
	}
	nonce := m.random(32)
	p := &pair{in: m.newSPI(), out: binary.BigEndian.Uint32(picked.spi), local: old.local, portal: old.portal, lowest: bytes.Clone(lowest(c.nonce, nonce))}
	p.rekeyAt, p.ends = now.Add(rekeyAfter(lifetimeChild)), now.Add(lifetimeChild)
	fromPeer, toPeer := childKeys(a.suite.PRF, a.keys.d, shared, c.nonce, nonce, suite)
	picked.spi = spiBytes(p.in)
	answer := []ike.Payload{saPayload(picked), {Type: payloadNonce, Body: nonce}}
	if key != nil {
		answer = append(answer, kePayload(key))
	}
	answer = append(answer, ike.Payload{Type: payloadTSi, Body: appendSelectors(nil, old.portal)}, ike.Payload{Type: payloadTSr, Body: appendSelectors(nil, old.local)})
	if !ch.want.Tunnel {
		answer = append(answer, notify{kind: notifyUseTransportMode}.payload())
	}
	if ch.offer != nil && ch.offer.old == old {
		ch.offer.rival = p
	}
	ch.retire(old, now.Add(peerRekeyOverlap))
	ch.current = p
	m.event(ike.ChildUp{Child: ch.id, Tunnel: ch.want.Tunnel, Suite: suite, Wide: p.local.wide() || p.portal.wide(),
		In: ike.Association{SPI: p.in, Key: fromPeer}, Out: ike.Association{SPI: p.out, Key: toPeer}})
	return answer, nil
}

// respondKey makes a key pair of a group, and the secret that it shares with the peer's.
// Where that is of another group, the answer says so.
func (m *Machine) respondKey(c *contents, group ike.Group) (*ike.KeyPair, ike.Secret, []ike.Payload) {
	if c.group != group {
		return nil, ike.Secret{}, refuse(notifyInvalidKE, byte(group>>8), byte(group))
	}
	key, err := ike.NewKeyPair(group, m.cfg.Random)
	if err != nil {
		return nil, ike.Secret{}, refuse(notifyTemporaryFailure)
	}
	shared, err := key.Shared(c.public)
	if err != nil {
		key.Wipe()
		return nil, ike.Secret{}, refuse(notifyInvalidSyntax)
	}
	return key, shared, nil
}

// covers reports whether one of the selectors has all of another. In transport mode its
// address may be another one, as in agreed.
func covers(list []selector, s selector, transport bool) bool {
	for _, l := range list {
		if transport {
			l = l.translated(s)
		}
		if l.contains(s) {
			return true
		}
	}
	return false
}
