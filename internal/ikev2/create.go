package ikev2

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A keySource is what the keys of a child follow from, beside the secret of its own
// exchange.
type keySource struct {
	security *security
	ni, nr   []byte
}

// create sends CREATE_CHILD_SA for a child (RFC 7296, sections 1.3.1 and 1.3.3). An offer
// of another group has its key.
func (m *Machine) create(now time.Time, o *offer) {
	c := o.child
	if c.gone || c.offer != nil || o.old != c.current { // it was done meanwhile, or is not wanted any more
		o.key.Wipe()
		return
	}
	o.spi, o.nonce = m.newSPI(), m.random(32)
	if c.pfs() && o.key == nil {
		key, err := ike.NewKeyPair(c.group(m.security.suite.Group), m.cfg.Random)
		if err != nil {
			m.childFailed(c, &ike.Failure{Cause: ike.NoESPProposal, Step: stepChild, Detail: err.Error()})
			return
		}
		o.key = key
	}
	c.offer, c.retryAt = o, time.Time{}
	var list []ike.Payload
	if o.old != nil {
		list = append(list, notify{protocol: protocolESP, kind: notifyRekeySA, spi: spiBytes(o.old.in)}.payload())
	}
	body := o.payloads(true)
	list = append(list, body[0], ike.Payload{Type: payloadNonce, Body: o.nonce})
	if o.key != nil {
		list = append(list, kePayload(o.key))
	}
	list = append(list, body[1:]...)
	a := m.security
	m.request(now, a, exchangeCreateChild, stepChild, list, func(now time.Time, answer *contents) {
		c.offer = nil
		m.childAnswered(now, o, answer, &keySource{security: a, ni: o.nonce, nr: bytes.Clone(answer.nonce)})
	})
	if a.pending != nil {
		a.pending.key = o.key
	}
}

// childAnswered takes the answer to an offer.
func (m *Machine) childAnswered(now time.Time, o *offer, answer *contents, s *keySource) {
	defer o.key.Wipe()
	if n := answer.failure(); n != nil && answer.offers == nil {
		m.childRefused(now, o, n)
		return
	}
	p, up, f := m.accept(now, o, answer, s)
	switch {
	case f != nil:
		m.deleteSPI(o.spi)
		m.offerFailed(now, o, f)
	default:
		m.install(now, o, p, up)
	}
}

// accept checks an answer with a choice, and derives the keys.
func (m *Machine) accept(now time.Time, o *offer, answer *contents, s *keySource) (*pair, *ike.ChildUp, *ike.Failure) {
	c, group := o.child, o.nonce != nil
	step := stepAuth
	if group {
		step = stepChild
	}
	fail := func(cause ike.Cause, detail string) (*pair, *ike.ChildUp, *ike.Failure) {
		return nil, nil, &ike.Failure{Cause: cause, Step: step, Authenticated: true, Detail: detail}
	}
	if len(answer.offers) != 1 || s.nr == nil {
		return fail(ike.Malformed, "the answer has no choice of algorithms, or no nonce")
	}
	picked := answer.offers[0]
	suite, ok := pickedESP(picked, c.suites(group), group)
	if !ok || !validSPI(picked.spi) {
		return fail(ike.Malformed, "the peer picked what was not offered")
	}
	if (answer.notify(notifyUseTransportMode) != nil) == c.want.Tunnel {
		return fail(ike.Selectors, "the peer wants the other mode")
	}
	atLocal, atPortal, ok := o.selected(answer)
	if !ok {
		return fail(ike.Selectors, "the peer's traffic selectors do not cover the connection, or more than was offered")
	}
	var shared ike.Secret
	if suite.Group != 0 {
		if o.key == nil || answer.group != suite.Group || o.key.Group != suite.Group || bytes.Equal(answer.public, o.key.Public) {
			return fail(ike.Malformed, "the peer's key is missing, or of another group than the one picked")
		}
		var err error
		if shared, err = o.key.Shared(answer.public); err != nil {
			return fail(ike.Malformed, err.Error())
		}
	}
	p := &pair{in: o.spi, out: binary.BigEndian.Uint32(picked.spi), local: atLocal, portal: atPortal, lowest: lowest(s.ni, s.nr)}
	p.rekeyAt, p.ends = now.Add(rekeyAfter(lifetimeChild)), now.Add(lifetimeChild)
	toPeer, fromPeer := childKeys(s.security.suite.PRF, s.security.keys.d, shared, s.ni, s.nr, suite)
	up := &ike.ChildUp{Child: c.id, Tunnel: c.want.Tunnel, Suite: suite, Wide: atLocal.wide() || atPortal.wide(),
		In: ike.Association{SPI: p.in, Key: fromPeer}, Out: ike.Association{SPI: p.out, Key: toPeer}}
	return p, up, nil
}

// install makes a new pair the one of its child.
func (m *Machine) install(now time.Time, o *offer, p *pair, up *ike.ChildUp) {
	c := o.child
	if c.gone {
		up.In.Key.Wipe()
		up.Out.Key.Wipe()
		m.deletePairs(p)
		return
	}
	if c.pfs() && up.Suite.Group == 0 {
		// The pair of IKE_AUTH has no perfect forward secrecy: it is replaced before
		// anything is sent under it.
		up.In.Key.Wipe()
		up.Out.Key.Wipe()
		c.current = p
		m.later(func(now time.Time) { m.create(now, &offer{child: c, old: p}) })
		return
	}
	if o.rival != nil && bytes.Compare(p.lowest, o.rival.lowest) < 0 {
		// Both ends replaced the same pair, and ours has the lowest nonce: it goes (RFC
		// 7296, section 2.8.1).
		up.In.Key.Wipe()
		up.Out.Key.Wipe()
		m.deletePairs(p)
		return
	}
	if c.up {
		c.retire(c.current, now.Add(overlap)) // of a rival too: the peer deletes that
	}
	c.current, c.expires = p, time.Time{}
	if c.up || o.old == nil {
		if o.old != nil {
			o.old.ends = now.Add(overlap)
			m.deletePairs(o.old)
		}
		c.up = true
		m.event(*up)
		return
	}
	// Until it has our Delete of the pair of IKE_AUTH, charon sends by that pair, and the
	// connection would wait for packets that are lost.
	m.later(func(now time.Time) { m.upAfterDelete(now, c, o.old, up) })
}

// upAfterDelete deletes the first pair of a child, and tells of the one that replaced it
// when the peer has answered.
func (m *Machine) upAfterDelete(now time.Time, c *child, first *pair, up *ike.ChildUp) {
	told := func(time.Time, *contents) {
		if c.gone || c.current == nil || c.current.in != up.In.SPI {
			up.In.Key.Wipe()
			up.Out.Key.Wipe()
			return
		}
		c.up = true
		m.event(*up)
	}
	if c.gone || first.deleted {
		told(now, nil)
		return
	}
	first.deleted = true
	a := m.security
	m.request(now, a, exchangeInformational, stepInform, []ike.Payload{deletion{protocol: protocolESP, spis: []uint32{first.in}}.payload()}, told)
	if a.pending != nil {
		a.pending.up = up
	}
}

// childRefused takes an answer that is an error.
func (m *Machine) childRefused(now time.Time, o *offer, n *notify) {
	c := o.child
	if c.gone || o.outdated() {
		return
	}
	exchange, step := exchangeAuth, stepAuth
	if o.nonce != nil {
		exchange, step = exchangeCreateChild, stepChild
	}
	again := func(next *offer) { m.later(func(now time.Time) { m.create(now, next) }) }
	switch {
	case n.kind == notifyTSUnacceptable && o.old == nil && c.level < levelAddresses:
		c.level++
		again(&offer{child: c})
		return
	case n.kind == notifyInvalidKE && len(n.data) == 2 && o.key != nil && !o.retried:
		group := ike.Group(binary.BigEndian.Uint16(n.data))
		if group != o.key.Group && slices.ContainsFunc(c.want.Suites, func(s ike.ESPSuite) bool { return s.Group == group }) {
			if key, err := ike.NewKeyPair(group, m.cfg.Random); err == nil {
				again(&offer{child: c, old: o.old, key: key, retried: true})
				return
			}
		}
	case n.kind == notifyTemporaryFailure:
		c.retryAt = now.Add(temporary)
		return
	case n.kind == notifyChildNotFound && o.old != nil && o.rival == nil:
		c.current, o.old.deleted = nil, true // the peer has it no more
		if c.up {
			c.retire(o.old, now.Add(overlap))
			m.renew(now, c)
			return
		}
		again(&offer{child: c})
		return
	}
	f := refusal(n.kind, exchange, step)
	f.Authenticated = true
	m.offerFailed(now, o, f)
}

// offerFailed ends a child that is not up; one that is up asks again later.
func (m *Machine) offerFailed(now time.Time, o *offer, f *ike.Failure) {
	c := o.child
	switch {
	case c.gone || o.outdated():
	case !c.up:
		m.deletePairs(c.pairs()...)
		m.childFailed(c, f)
	case c.current == nil:
		m.childLost(c, "the peer deleted the security associations, and refuses new ones")
	case o.rival == nil:
		c.failure, c.retryAt = f, now.Add(retryAfter)
	}
}

// rekeyChild asks for new associations of a child, if that is not under way.
func (m *Machine) rekeyChild(c *child) {
	if c.offer == nil && c.current != nil {
		c.retryAt = time.Time{}
		old := c.current
		old.rekeyAt = time.Time{}
		m.later(func(now time.Time) { m.create(now, &offer{child: c, old: old}) })
	}
}

// lowest returns the lower of two nonces.
func lowest(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return a
	}
	return b
}
