package ikev1

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// maxOpen is how many Quick Modes of ours, and how many of the peer's, are open at a time.
const maxOpen = 8

// The next Quick Mode begins when the one before is over, and apart after that, since
// charon keeps the initialization vectors of three exchanges at most, and cannot decrypt
// when more overlap. One that has had no answer for patience holds up no others.
const (
	apart    = 20 * time.Millisecond
	patience = time.Second
)

// keepDone is how long the last message of a Quick Mode can be repeated.
const keepDone = 30 * time.Second

// A quick is one Quick Mode (RFC 2409, section 5.5).
type quick struct {
	child     *child
	sa        *association
	id        uint32
	iv        []byte // of the next message
	spi       uint32 // by which we receive
	nonce     []byte
	pair      *ike.KeyPair // of perfect forward secrecy; nil: none
	suites    []ike.ESPSuite
	ids       [2]identification // of the initiator's end, and of the responder's
	resend    resend
	suspicion suspicion
	selection selection
	startAt   time.Time // when message 1 goes out; zero: it has
	begun     time.Time
	last      last      // the exchange is done
	until     time.Time // when to forget it
	third     []byte    // the peer's Quick Mode: the hash of message 3
	made      *made
}

// A made is what a Quick Mode of the peer's will put in use.
type made struct {
	up      ike.ChildUp
	pair    *pair
	seconds uint64
}

// done reports whether the exchange is over, and kept for repetitions only.
func (q *quick) done() bool { return q.last.data != nil && q.made == nil }

// drop reports whether the exchange is for a child, and clears it then.
func (q *quick) drop(c *child) bool {
	if q.child != c {
		return false
	}
	q.wipe()
	return true
}

// wipe clears what is secret and was not told.
func (q *quick) wipe() {
	q.pair.Wipe()
	if q.made != nil {
		q.made.up.In.Key.Wipe()
		q.made.up.Out.Key.Wipe()
	}
}

// openQuicks begins the Quick Modes that children wait for, one at a time. Until one child
// has been up that is strict, since a refusal need not say which one it is about.
func (m *Machine) openQuicks() {
	if m.sa == nil || m.over != nil {
		return
	}
	for _, c := range slices.Clone(m.children) {
		open, busy, mine := 0, false, false
		for _, q := range m.quicks {
			if !q.done() {
				open++
				busy = busy || !m.proved || m.now.Before(q.begun.Add(patience))
				mine = mine || q.child == c
			}
		}
		if c.wanting() && !mine && !busy && open < maxOpen {
			m.beginQuick(c)
		}
	}
}

// beginQuick makes message 1.
func (m *Machine) beginQuick(c *child) {
	a := m.sa
	q := &quick{child: c, sa: a, begun: m.now, id: m.messageID(a), spi: m.spi(), nonce: m.random(nonceLen), suites: c.groups[c.group], selection: c.selection}
	if g := q.suites[0].Group; g != 0 {
		pair, err := ike.NewKeyPair(g, m.cfg.Random)
		if err != nil {
			m.endChild(c, &ike.Failure{Cause: ike.NoESPProposal, Step: quickMessage2, Detail: err.Error()})
			return
		}
		q.pair = pair
	}
	q.ids[0], q.ids[1] = c.selection.selectors(c.want.Local, c.want.Portal)
	spi := binary.BigEndian.AppendUint32(nil, q.spi)
	list := []ike.Payload{{Type: payloadSA, Body: espOffer(q.suites, c.want.Tunnel, spi)}, {Type: payloadNonce, Body: q.nonce}}
	if q.pair != nil {
		list = append(list, ike.Payload{Type: payloadKE, Body: q.pair.Public})
	}
	list = append(list, ike.Payload{Type: payloadID, Body: q.ids[0].body()}, ike.Payload{Type: payloadID, Body: q.ids[1].body()})
	if !c.want.Tunnel {
		list = append(list, ike.Payload{Type: payloadNATOA, Body: natOA(m.cfg.Source)}, ike.Payload{Type: payloadNATOA, Body: natOA(m.cfg.Peer)})
	}
	var data []byte
	data, q.iv = m.sealHashed(a, exchangeQuick, q.id, a.phase2IV(q.id), list...)
	m.quicks = append(m.quicks, q)
	m.startQuick(q, data)
}

// sealHashed returns an encrypted message whose first payload is the hash of those that
// follow, and the next initialization vector.
func (m *Machine) sealHashed(a *association, exchange uint8, id uint32, iv []byte, list ...ike.Payload) (data, next []byte) {
	hash := a.keys.hash.PRF(a.keys.auth.Bytes(), appendID(id), ike.AppendPayloads(nil, list...))
	return seal(a.header(exchange, id), a.block, iv, append([]ike.Payload{{Type: payloadHash, Body: hash}}, list...)...)
}

// openHashed decrypts a message whose first payload is a hash, and returns the payloads
// after that, when the hash is right. before is what the hash has before them, after the
// message ID.
func openHashed(a *association, h ike.Header, data, iv, before []byte) (p payloadsOf, next []byte, err error) {
	chain, next, list, err := open(h.Next, data[ike.HeaderLen:], a.block, iv)
	if err != nil {
		return p, nil, err
	}
	if list[0].Type != payloadHash {
		return p, nil, errMissing
	}
	hash := list[0].Body
	const header = 4
	if !hmac.Equal(hash, a.keys.hash.PRF(a.keys.auth.Bytes(), appendID(h.MessageID), before, chain[header+len(hash):])) {
		return p, nil, errProof
	}
	p, err = sortPayloads(list)
	return p, next, err
}

// quickMode takes a message of a Quick Mode.
func (m *Machine) quickMode(a *association, h ike.Header, data []byte) {
	for _, q := range m.quicks {
		if q.id != h.MessageID || q.sa != a {
			continue
		}
		if q.done() {
			if again := q.last.repeat(data); again != nil {
				m.send(a, again)
			}
			return
		}
		if !q.startAt.IsZero() || bytes.Equal(data, q.resend.data) {
			return
		}
		if f := m.quickSecond(q, h, data); f != nil {
			q.suspect(m.now, f)
		}
		return
	}
	m.theirQuick(a, h, data)
}

// suspect notes a likely reason why there will be no answer, which nothing authenticates.
func (q *quick) suspect(now time.Time, f *ike.Failure) {
	q.suspicion.note(now, f, &q.resend, q.child.up)
}

// quickSecond takes message 2, and sends message 3, which has no answer.
func (m *Machine) quickSecond(q *quick, h ike.Header, data []byte) *ike.Failure {
	p, iv, err := openHashed(q.sa, h, data, q.iv, q.nonce)
	if err != nil {
		return malformed(quickMessage2, err)
	}
	up, pair, seconds, err := m.readSecond(q, p)
	if err != nil {
		m.settle(q)
		m.deleteSPIs(q.sa, q.spi)
		f := malformed(quickMessage2, err)
		f.Authenticated = true
		if errors.Is(err, errSelectors) {
			f.Cause = ike.Selectors
		}
		m.endChild(q.child, f)
		return nil
	}
	q.resend.stop()
	q.suspicion = suspicion{}
	hash := q.sa.keys.hash.PRF(q.sa.keys.auth.Bytes(), []byte{0}, appendID(q.id), q.nonce, p.nonce)
	third, _ := seal(q.sa.header(exchangeQuick, q.id), q.sa.block, iv, ike.Payload{Type: payloadHash, Body: hash})
	q.last = last{data: third, answer: sha256.Sum256(data)}
	q.until = m.now.Add(keepDone)
	q.pair.Wipe()
	q.sa.last.data, q.sa.unclear = nil, 0 // what the peer had to know of phase 1, it knows
	m.send(q.sa, third)
	q.sa.quickAt = m.now.Add(apart)
	m.add(q.child, pair, seconds)
	m.tell(up)
	m.lifetimes(q.child, p)
	return nil
}

// readSecond reads what the peer has chosen, and derives the keys.
func (m *Machine) readSecond(q *quick, p payloadsOf) (up ike.ChildUp, made *pair, seconds uint64, err error) {
	if p.sa == nil || len(p.nonce) < minNonce || len(p.nonce) > maxNonce || (p.ke != nil) != (q.pair != nil) || bytes.Equal(p.nonce, q.nonce) {
		return up, nil, 0, errMissing
	}
	proposal, t, err := parseAnswer(p.sa, protocolESP)
	if err != nil {
		return up, nil, 0, err
	}
	suite, seconds, err := espMatch(t, q.suites, q.child.want.Tunnel)
	if err != nil {
		return up, nil, 0, err
	}
	if !q.selected(p.ids) {
		return up, nil, 0, errSelectors
	}
	out, err := outSPI(proposal.spi)
	if err != nil {
		return up, nil, 0, err
	}
	var shared ike.Secret
	if q.pair != nil {
		if bytes.Equal(p.ke, q.pair.Public) {
			return up, nil, 0, errReflected
		}
		if shared, err = q.pair.Shared(p.ke); err != nil {
			return up, nil, 0, err
		}
		defer shared.Wipe()
	}
	return m.childUp(q, suite, out, shared, q.nonce, p.nonce), &pair{in: q.spi, out: out, from: q.sa}, seconds, nil
}

// childUp returns the event, with the keys. ni and nr are the nonces of the initiator and
// the responder of the Quick Mode.
func (m *Machine) childUp(q *quick, suite ike.ESPSuite, out uint32, shared ike.Secret, ni, nr []byte) ike.ChildUp {
	n := suite.KeyLen()
	return ike.ChildUp{
		Child: q.child.number, Tunnel: q.child.want.Tunnel, Suite: suite, Wide: q.selection != selectExact,
		In:  ike.Association{SPI: q.spi, Key: q.sa.keys.material(shared, q.spi, ni, nr, n)},
		Out: ike.Association{SPI: out, Key: q.sa.keys.material(shared, out, ni, nr, n)},
	}
}
