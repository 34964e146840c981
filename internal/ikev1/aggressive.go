package ikev1

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"

	"github.com/go-iscsi/discovery/internal/ike"
)

var (
	errMissing   = errors.New("the message lacks a payload")
	errNonce     = errors.New("the nonce is too short or too long")
	errReflected = errors.New("the peer sent our own key exchange back")
	errMany      = errors.New("too many answers")
	errProof     = errors.New("the peer's hash is wrong")
)

// aggressiveSecond takes message 2, which has all that the peer says, and sends message 3.
func (m *Machine) aggressiveSecond(a *association, h ike.Header, d ike.Datagram) *ike.Failure {
	hs := a.handshake
	p, err := readClear(h, d.Data)
	if err != nil {
		return malformed(aggressiveMessage2, err)
	}
	if p.sa == nil || p.ke == nil || p.nonce == nil || p.hash == nil || len(p.ids) != 1 {
		return malformed(aggressiveMessage2, errMissing)
	}
	suite, seconds, err := ikeChoice(p.sa, hs.suites)
	if err != nil {
		return malformed(aggressiveMessage2, err)
	}
	if !hasNATT(p.vendors) || len(p.natd) == 0 {
		return &ike.Failure{Cause: ike.NoNATT, Step: aggressiveMessage2, Detail: "the peer has no vendor id of rfc 3947, or sends no hashes of addresses"}
	}
	a.suite, a.responder = suite, h.Responder // only kept where the proof is right: see below
	if err := m.derive(a, p); err != nil {
		a.responder = ike.SPI{}
		return malformed(aggressiveMessage2, err)
	}
	if !hmac.Equal(p.hash, a.peerProof(p.ids[0])) {
		a.responder = ike.SPI{}
		return &ike.Failure{Cause: ike.OtherKey, Step: aggressiveMessage2, Detail: errProof.Error()}
	}
	if f := m.checkPeer(p.ids[0], aggressiveMessage2); f != nil {
		m.fail(f) // without message 3 the peer has no association to be deleted
		return nil
	}
	hs.lifetime = seconds
	hs.taken(d.Data)
	m.aggressiveThird(a, d)
	m.established(a)
	return nil
}

// aggressiveThird sends message 3, which has no answer.
func (m *Machine) aggressiveThird(a *association, d ike.Datagram) {
	a.port = ike.NATTPort // of which the hash is: charon compares it with where the message came
	list := append([]ike.Payload{{Type: payloadHash, Body: a.ourProof(m.identity())}}, m.natDs(a)...)
	data, iv := seal(a.header(exchangeAggressive, 0), a.block, a.iv, list...)
	a.iv = iv
	a.last = last{data: data, answer: sha256.Sum256(d.Data)}
	m.send(a, data)
}
