package ikev2

import (
	"crypto/hmac"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// An initialPair are the two messages of IKE_SA_INIT, and their nonces, which both ends
// sign (RFC 7296, section 2.15). Answers that differ in what keys do not follow from are
// all kept: the peer has signed one of them.
type initialPair struct {
	ours    []byte
	answers [][]byte
	ni, nr  []byte
	public  []byte // of the peer
}

// authenticate sends IKE_AUTH, with the first child.
func (m *Machine) authenticate(now time.Time, a *security) {
	p := a.init
	o := &offer{child: m.first, spi: m.newSPI()}
	m.first.offer = o
	id := idPayload(payloadIDi, m.cfg.Local)
	auth := authOf(a.suite.PRF, m.cfg.PSK(), p.ours, p.nr, a.keys.pi, id.Body)
	list := append([]ike.Payload{id, {Type: payloadAuth, Body: append([]byte{authSharedKey, 0, 0, 0}, auth...)}}, o.payloads(false)...)
	m.request(now, a, exchangeAuth, stepAuth, list, func(now time.Time, c *contents) { m.authenticated(now, a, o, c) })
}

// authenticated takes the answer to IKE_AUTH. It came under the keys of IKE_SA_INIT, so
// that no other answer can follow under them.
func (m *Machine) authenticated(now time.Time, a *security, o *offer, c *contents) {
	p := a.init
	m.first.offer = nil
	if c.auth == nil || c.peer == nil || c.peerBody == nil {
		m.abandon(now, a, authRefusal(c))
		return
	}
	if !slices.ContainsFunc(p.answers, func(answer []byte) bool {
		return hmac.Equal(c.auth, authOf(a.suite.PRF, m.cfg.PSK(), answer, p.ni, a.keys.pr, c.peerBody))
	}) {
		m.abandon(now, a, &ike.Failure{Cause: ike.OtherKey, Step: stepAuth, Detail: "the peer's AUTH is wrong"})
		return
	}
	if !c.peer.Equal(m.cfg.Remote) {
		got := ike.Identity{Type: c.peer.Type, Data: append([]byte(nil), c.peer.Data...)}
		m.fail(&ike.Failure{Cause: ike.OtherIdentity, Step: stepAuth, Authenticated: true, Got: got, Detail: "the peer is another one"})
		return
	}
	m.settle(a)
	m.event(ike.Established{Exchange: "ikev2", Suite: a.suite})
	m.childAnswered(now, o, c, &keySource{security: a, ni: p.ni, nr: p.nr})
}

// authRefusal returns what an answer to IKE_AUTH says that does not authenticate the peer.
func authRefusal(c *contents) *ike.Failure {
	n := c.failure()
	if n == nil {
		return &ike.Failure{Cause: ike.Malformed, Step: stepAuth, Detail: "the peer's identity or AUTH is missing"}
	}
	f := refusal(n.kind, exchangeAuth, stepAuth)
	f.Authenticated = true
	return f
}
