package ikev1

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// theirTime is how long a Quick Mode of the peer's may take.
const theirTime = 30 * time.Second

// theirQuick takes a message of a Quick Mode that the peer has begun, to renew the
// associations of a child. It is the only thing that we answer to.
func (m *Machine) theirQuick(a *association, h ike.Header, data []byte) {
	for _, q := range m.theirs {
		if q.id != h.MessageID || q.sa != a {
			continue
		}
		if again := q.last.repeat(data); again != nil && q.made != nil {
			m.send(a, again)
		} else if q.made != nil {
			m.theirThird(q, h, data)
		}
		return
	}
	if a.ids.used[h.MessageID] {
		return
	}
	p, iv, err := openHashed(a, h, data, a.phase2IV(h.MessageID), nil)
	if err != nil || len(m.theirs) >= maxOpen || !a.ids.take(h.MessageID) {
		return
	}
	q := &quick{sa: a, id: h.MessageID, iv: iv, until: m.now.Add(theirTime)}
	if kind := m.theirFirst(q, p); kind != 0 {
		m.inform(a, ike.Payload{Type: payloadNotify, Body: notify{protocol: protocolESP, kind: kind}.body()})
		return
	}
	q.last.answer = sha256.Sum256(data)
	m.theirs = append(m.theirs, q)
	q.resend = newResend(m.now, q.last.data, firstWait, lastWait)
	m.send(a, q.last.data)
}

// theirFirst reads message 1 and makes message 2, or returns the notify that refuses it.
func (m *Machine) theirFirst(q *quick, p payloadsOf) (refusal uint16) {
	if p.sa == nil || len(p.nonce) < minNonce || len(p.nonce) > maxNonce {
		return notifyPayloadMalformed
	}
	offers, err := parseSA(p.sa)
	if err != nil {
		return notifyBadSyntax
	}
	if q.child = m.childOf(p.ids); q.child == nil {
		return notifyInvalidID
	}
	q.selection = q.child.selection
	q.suites = q.child.groups[q.child.group]
	for _, o := range offers {
		out, err := outSPI(o.spi)
		if err != nil || o.protocol != protocolESP {
			continue
		}
		for _, t := range o.transforms {
			suite, seconds, err := espMatch(t.withoutVolume(), q.suites, q.child.want.Tunnel)
			if err == nil && (suite.Group != 0) == (p.ke != nil) {
				return m.theirSecond(q, p, suite, seconds, out, proposal{o.number, protocolESP, nil, []transform{t}})
			}
		}
	}
	return notifyNoProposal
}

// theirSecond makes message 2.
func (m *Machine) theirSecond(q *quick, p payloadsOf, suite ike.ESPSuite, seconds uint64, out uint32, chosen proposal) (refusal uint16) {
	var shared ike.Secret
	q.spi, q.nonce = m.spi(), m.random(nonceLen)
	chosen.spi = binary.BigEndian.AppendUint32(nil, q.spi)
	list := []ike.Payload{{Type: payloadSA, Body: appendSA(nil, chosen)}, {Type: payloadNonce, Body: q.nonce}}
	if suite.Group != 0 {
		pair, err := ike.NewKeyPair(suite.Group, m.cfg.Random)
		if err != nil {
			return notifyNoProposal
		}
		defer pair.Wipe()
		if shared, err = pair.Shared(p.ke); err != nil {
			return notifyPayloadMalformed
		}
		defer shared.Wipe()
		list = append(list, ike.Payload{Type: payloadKE, Body: pair.Public})
	}
	list = append(list, ike.Payload{Type: payloadID, Body: p.ids[0]}, ike.Payload{Type: payloadID, Body: p.ids[1]})
	if !q.child.want.Tunnel {
		list = append(list, ike.Payload{Type: payloadNATOA, Body: natOA(m.cfg.Peer)}, ike.Payload{Type: payloadNATOA, Body: natOA(m.cfg.Source)})
	}
	auth, id := q.sa.keys.auth.Bytes(), appendID(q.id)
	hash := q.sa.keys.hash.PRF(auth, id, p.nonce, ike.AppendPayloads(nil, list...))
	q.third = q.sa.keys.hash.PRF(auth, []byte{0}, id, p.nonce, q.nonce)
	q.last.data, q.iv = seal(q.sa.header(exchangeQuick, q.id), q.sa.block, q.iv, append([]ike.Payload{{Type: payloadHash, Body: hash}}, list...)...)
	q.made = &made{up: m.childUp(q, suite, out, shared, p.nonce, q.nonce), pair: &pair{in: q.spi, out: out, from: q.sa}, seconds: seconds}
	return 0
}

// theirThird takes message 3, which shows that message 1 was no replay.
func (m *Machine) theirThird(q *quick, h ike.Header, data []byte) {
	if bytes.Equal(data, q.last.data) {
		return
	}
	_, _, list, err := open(h.Next, data[ike.HeaderLen:], q.sa.block, q.iv)
	if err != nil || list[0].Type != payloadHash || !hmac.Equal(list[0].Body, q.third) {
		return
	}
	q.resend.stop()
	made := q.made
	q.made = nil
	m.add(q.child, made.pair, made.seconds)
	m.tell(made.up)
}

// childOf returns the child that the selectors of a Quick Mode of the peer's are those of;
// nil: none that is up.
func (m *Machine) childOf(bodies [][]byte) *child {
	if len(bodies) != 2 {
		return nil
	}
	portal, err1 := parseIdentification(bodies[0])
	local, err2 := parseIdentification(bodies[1])
	if err1 != nil || err2 != nil {
		return nil
	}
	for _, c := range m.children {
		l, p := c.selection.selectors(c.want.Local, c.want.Portal)
		q := quick{child: c}
		if c.up && q.matches(portal, p) && q.matches(local, l) {
			return c
		}
	}
	return nil
}

// lifetimes keeps to the lifetimes that came with message 2 of a Quick Mode.
func (m *Machine) lifetimes(c *child, p payloadsOf) {
	for _, b := range p.notifies {
		if n, err := parseNotify(b); err == nil && n.kind == notifyResponderLifetime && n.protocol == protocolESP {
			c.current().lowerLifetime(m.now, lifetimeOf(n))
		}
	}
}

// lowerPair keeps to a lifetime that came by itself, for the pair whose SPI it has.
func (m *Machine) lowerPair(n notify) {
	if len(n.spi) != 4 {
		return
	}
	spi := binary.BigEndian.Uint32(n.spi)
	for _, c := range m.children {
		if p := c.current(); p != nil && (p.in == spi || p.out == spi) {
			p.lowerLifetime(m.now, lifetimeOf(n))
		}
	}
}

// lowerLifetime lowers the lifetime of a pair, in seconds.
func (p *pair) lowerLifetime(now time.Time, seconds uint64) {
	life := lifetime(seconds)
	if seconds == 0 || !now.Add(life).Before(p.endAt) {
		return
	}
	p.renewAt, p.endAt = now.Add(life/5*4), now.Add(life)
}
