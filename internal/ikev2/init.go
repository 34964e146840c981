package ikev2

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // what NAT detection hashes with
	"encoding/binary"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// The steps, as a Failure names them.
const (
	stepInit   = "IKE_SA_INIT"
	stepAuth   = "IKE_AUTH"
	stepChild  = "CREATE_CHILD_SA"
	stepInform = "INFORMATIONAL"
)

// An initial is the state of IKE_SA_INIT (RFC 7296, section 1.2).
type initial struct {
	spi     ike.SPI
	port    uint16
	nonce   []byte
	key     *ike.KeyPair
	source  []byte // that we say to have, by its hash
	cookie  []byte
	cookies int
	answers int  // that were followed
	retried bool // the peer has asked for another group
	request *request

	change   ike.Group // of the key of the next request, which the peer asked for; 0: it asked for none
	changeAt time.Time
}

// patience is how long a good answer may still come, before a cookie or another group
// changes the request: such a notify is not authenticated, and after the change a good
// answer to the request before is of no use.
const patience = 30 * time.Millisecond

// begin begins IKE_SA_INIT.
func (m *Machine) begin(now time.Time) {
	s := &initial{port: ike.Port, nonce: m.random(32), source: m.random(sha1.Size)}
	copy(s.spi[:], m.random(len(s.spi)))
	s.spi[0] |= 1 // not zero
	m.start, m.heard, m.suspect = s, false, nil
	m.sendInit(now, m.cfg.Suites[0].Group)
}

// sendInit sends the request, with a key of a group where it has none of it yet. Its
// waiting time begins anew.
func (m *Machine) sendInit(now time.Time, group ike.Group) {
	s := m.start
	s.changeAt = time.Time{}
	if s.key == nil || s.key.Group != group {
		s.key.Wipe()
		key, err := ike.NewKeyPair(group, m.cfg.Random)
		if err != nil {
			m.fail(&ike.Failure{Cause: ike.NoIKEProposal, Step: stepInit, Detail: err.Error()})
			return
		}
		s.key = key
	}
	var list []ike.Payload
	if s.cookie != nil {
		list = append(list, notify{kind: notifyCookie, data: s.cookie}.payload())
	}
	list = append(list, saPayload(offerIKE(m.cfg.Suites, nil)...), kePayload(s.key), ike.Payload{Type: payloadNonce, Body: s.nonce},
		// The hash of our own address is wrong on purpose: the peer takes it for an
		// address translation, and puts ESP into UDP (RFC 7296, section 2.23).
		notify{kind: notifyNATSource, data: s.source}.payload(),
		notify{kind: notifyNATDestination, data: natHash(s.spi, m.cfg)}.payload())
	body := ike.AppendPayloads(nil, list...)
	h := ike.Header{Initiator: s.spi, Next: list[0].Type, Version: ike.Version2, Exchange: exchangeInit, Flags: flagInitiator, Length: uint32(ike.HeaderLen + len(body))}
	data, _ := h.AppendBinary(nil)
	s.request = &request{exchange: exchangeInit, step: stepInit, data: append(data, body...)}
	m.transmit(now, s.request)
}

func natHash(spi ike.SPI, cfg ike.Config) []byte {
	b := append(spi[:], make([]byte, 8)...)
	b = append(b, cfg.Peer.Unmap().AsSlice()...)
	h := sha1.Sum(binary.BigEndian.AppendUint16(b, ike.Port)) //nolint:gosec // see above
	return h[:]
}

// receiveInit takes an answer to IKE_SA_INIT. It is not authenticated: what is wrong with
// it is remembered, and the request is repeated.
func (m *Machine) receiveInit(now time.Time, h ike.Header, d ike.Datagram) {
	s := m.start
	if h.Initiator != s.spi || h.MessageID != 0 || h.Flags&(flagResponse|flagInitiator) != flagResponse || m.follows(d.Data) {
		return
	}
	m.heard = true
	c, err := readInit(h, d.Data)
	if err != nil {
		m.initFailed(now, &ike.Failure{Cause: ike.Malformed, Step: stepInit, Detail: err.Error()})
		return
	}
	if m.security == nil {
		s.port = d.Port
	}
	if c.offers == nil {
		m.initRefused(now, c)
		return
	}
	suite, ok := pickedIKE(c.offers[0], m.cfg.Suites, 0)
	bad := ""
	switch {
	case h.Responder == ike.SPI{}:
		bad = "the peer's SPI is zero"
	case !ok:
		bad = "the peer picked what was not offered"
	case c.nonce == nil || c.group != s.key.Group || suite.Group != s.key.Group:
		bad = "the peer's nonce or key is missing, or of another group than the one picked"
	case bytes.Equal(c.public, s.key.Public) || bytes.Equal(c.nonce, s.nonce):
		bad = "the peer repeats what we sent"
	case c.notify(notifyNATSource) == nil || c.notify(notifyNATDestination) == nil:
		m.initFailed(now, &ike.Failure{Cause: ike.NoNATT, Step: stepInit, Detail: "the peer did not answer NAT detection"})
		return
	}
	if bad != "" {
		m.initFailed(now, &ike.Failure{Cause: ike.Malformed, Step: stepInit, Detail: bad})
		return
	}
	m.follow(now, h.Responder, suite, c, d.Data)
}

// readInit reads the payloads of an answer to IKE_SA_INIT.
func readInit(h ike.Header, data []byte) (*contents, error) {
	list, rest, err := ike.ParsePayloads(h.Next, data[ike.HeaderLen:])
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 {
		return nil, ike.ErrLength
	}
	return readContents(list, 1)
}

// initFailed remembers what is wrong with an answer to IKE_SA_INIT. Where there is a good
// one as well, that is followed.
func (m *Machine) initFailed(now time.Time, f *ike.Failure) {
	if m.security == nil {
		m.suspectAfter(now, f)
	}
}

// initRefused takes an answer that is no choice: a cookie, another group, or an error.
func (m *Machine) initRefused(now time.Time, c *contents) {
	s := m.start
	if m.security != nil || s.request.next.IsZero() { // it was answered
		return
	}
	if n := c.notify(notifyCookie); n != nil && len(n.data) > 0 && len(n.data) <= maxCookieLen {
		if s.cookies < maxCookies && s.changeAt.IsZero() && !bytes.Equal(n.data, s.cookie) {
			s.cookies++
			s.cookie = bytes.Clone(n.data)
			s.change, s.changeAt = s.key.Group, now.Add(patience)
		}
		return
	}
	n := c.failure()
	if n == nil {
		m.suspectAfter(now, &ike.Failure{Cause: ike.Malformed, Step: stepInit, Detail: "the answer has no choice of algorithms"})
		return
	}
	if n.kind == notifyInvalidKE && len(n.data) == 2 && !s.retried && s.changeAt.IsZero() {
		group := ike.Group(binary.BigEndian.Uint16(n.data))
		if group != s.key.Group && slices.ContainsFunc(m.cfg.Suites, func(o ike.Suite) bool { return o.Group == group }) {
			s.retried = true
			s.change, s.changeAt = group, now.Add(patience)
			return
		}
	}
	m.suspectAfter(now, refusal(n.kind, exchangeInit, stepInit))
}
