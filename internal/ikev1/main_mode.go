package ikev1

import (
	"bytes"
	"crypto/hmac"
	"slices"

	"github.com/go-iscsi/discovery/internal/ike"
)

// malformed returns the failure of a message that breaks the rules.
func malformed(step string, err error) *ike.Failure {
	return &ike.Failure{Cause: ike.Malformed, Step: step, Detail: err.Error()}
}

// Steps, as they are told.
const (
	mainMessage2       = "main mode message 2"
	mainMessage4       = "main mode message 4"
	mainMessage6       = "main mode message 6"
	aggressiveMessage2 = "aggressive mode message 2"
	quickMessage2      = "quick mode message 2"
)

// stepName returns which message of phase 1 is waited for.
func (m *Machine) stepName(s step) string {
	switch {
	case m.cfg.Aggressive:
		return aggressiveMessage2
	case s == awaitKey:
		return mainMessage4
	case s == awaitID:
		return mainMessage6
	}
	return mainMessage2
}

// maxPadding is how many zeros may follow the payloads of a message that is not encrypted:
// pluto pads messages to a multiple of 4 bytes.
const maxPadding = 3

// readClear reads the payloads of a message that is not encrypted.
func readClear(h ike.Header, data []byte) (p payloadsOf, err error) {
	list, rest, err := ike.ParsePayloads(h.Next, data[ike.HeaderLen:])
	if err != nil {
		return p, err
	}
	if len(rest) > maxPadding || len(bytes.Trim(rest, "\x00")) > 0 {
		return p, ike.ErrLength
	}
	return sortPayloads(list)
}

func hasNATT(vendors [][]byte) bool {
	return slices.ContainsFunc(vendors, func(v []byte) bool { return bytes.Equal(v, vendorNATT) })
}

// mainSecond takes message 2: the choice of algorithms.
func (m *Machine) mainSecond(a *association, h ike.Header, d ike.Datagram) *ike.Failure {
	hs := a.handshake
	p, err := readClear(h, d.Data)
	if err != nil {
		return malformed(mainMessage2, err)
	}
	if p.sa == nil {
		return malformed(mainMessage2, errMissing)
	}
	suite, seconds, err := ikeChoice(p.sa, hs.suites)
	if err != nil {
		return malformed(mainMessage2, err)
	}
	if !hasNATT(p.vendors) {
		return &ike.Failure{Cause: ike.NoNATT, Step: mainMessage2, Detail: "the peer has no vendor id of rfc 3947"}
	}
	hs.taken(d.Data)
	a.responder, a.suite, a.port, hs.lifetime = h.Responder, suite, d.Port, seconds
	if !m.newKey(a) {
		return nil
	}
	hs.step = awaitKey
	list := []ike.Payload{{Type: payloadKE, Body: hs.pair.Public}, {Type: payloadNonce, Body: hs.nonce}}
	m.sendAgain(a, appendClear(a.header(exchangeMain, 0), append(list, m.natDs(a)...)...))
	return nil
}

// mainFourth takes message 4: the peer's half of the key exchange.
func (m *Machine) mainFourth(a *association, h ike.Header, d ike.Datagram) *ike.Failure {
	hs := a.handshake
	p, err := readClear(h, d.Data)
	if err != nil {
		return malformed(mainMessage4, err)
	}
	if p.ke == nil || p.nonce == nil {
		return malformed(mainMessage4, errMissing)
	}
	if len(p.natd) == 0 {
		return &ike.Failure{Cause: ike.NoNATT, Step: mainMessage4, Detail: "the peer sends no hashes of addresses"}
	}
	if err := m.derive(a, p); err != nil {
		return malformed(mainMessage4, err)
	}
	hs.taken(d.Data)
	hs.step = awaitID
	a.port = ike.NATTPort
	id := m.identity()
	data, iv := seal(a.header(exchangeMain, 0), a.block, a.iv, ike.Payload{Type: payloadID, Body: id}, ike.Payload{Type: payloadHash, Body: a.ourProof(id)})
	a.iv = iv
	m.sendAgain(a, data)
	return nil
}

// derive makes the keys of phase 1 of the peer's public value and nonce.
func (m *Machine) derive(a *association, p payloadsOf) error {
	hs := a.handshake
	if len(p.nonce) < minNonce || len(p.nonce) > maxNonce {
		return errNonce
	}
	if bytes.Equal(p.ke, hs.pair.Public) || bytes.Equal(p.nonce, hs.nonce) {
		return errReflected
	}
	if !hs.exponentiate() {
		return errMany
	}
	shared, err := hs.pair.Shared(p.ke)
	if err != nil {
		return err
	}
	defer shared.Wipe()
	hs.peerKE = bytes.Clone(p.ke)
	return a.setKeys(m.cfg.PSK(), hs.nonce, p.nonce, shared, hs.pair.Public, p.ke)
}

// mainSixth takes message 6: the peer's proof of the key, and its identity.
func (m *Machine) mainSixth(a *association, h ike.Header, d ike.Datagram) *ike.Failure {
	_, iv, list, err := open(h.Next, d.Data[ike.HeaderLen:], a.block, a.iv)
	if err != nil {
		return &ike.Failure{Cause: ike.OtherKeySeems, Step: mainMessage6, Detail: err.Error()}
	}
	p, err := sortPayloads(list)
	if err != nil || p.hash == nil || len(p.ids) != 1 {
		return &ike.Failure{Cause: ike.OtherKeySeems, Step: mainMessage6, Detail: errMissing.Error()}
	}
	if !hmac.Equal(p.hash, a.peerProof(p.ids[0])) {
		return &ike.Failure{Cause: ike.OtherKey, Step: mainMessage6, Detail: errProof.Error()}
	}
	a.iv = iv
	if f := m.checkPeer(p.ids[0], mainMessage6); f != nil {
		m.deleteSA(a)
		m.fail(f)
		return nil
	}
	a.handshake.taken(d.Data)
	m.established(a)
	m.notices(a, p)
	return nil
}

// checkPeer returns what is wrong with the identity of a peer that has proved its key.
func (m *Machine) checkPeer(body []byte, step string) *ike.Failure {
	id, err := parseIdentification(body)
	if err != nil {
		f := malformed(step, err)
		f.Authenticated = true
		return f
	}
	if !id.Equal(m.cfg.Remote) {
		got := ike.Identity{Type: id.Type, Data: bytes.Clone(id.Data)}
		return &ike.Failure{Cause: ike.OtherIdentity, Step: step, Authenticated: true, Got: got, Detail: "the peer is another one"}
	}
	return nil
}
