package ikev1

import (
	"bytes"
	"errors"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

var (
	errClosed = errors.New("the machine is closed")
	errGroups = errors.New("aggressive mode offers one Diffie-Hellman group, and the proposals have several")
	errSuites = errors.New("IKEv1 can do none of the proposals for IKE")
)

// A step is which message of phase 1 is waited for.
type step uint8

const (
	awaitFirst step = iota // message 2 of either mode
	awaitKey               // main mode message 4
	awaitID                // main mode message 6
)

// A handshake is a phase 1 that is not done.
type handshake struct {
	step         step
	offer        []byte // body of our SA payload
	suites       []ike.Suite
	pair         *ike.KeyPair
	nonce        []byte
	peerKE       []byte
	resend       resend
	seen         hashes
	suspicion    suspicion
	alternatives []alternative
	answers      int // how many answers cost an exponentiation since the last retransmission
	lifetime     uint64
	renews       bool // it is to replace another
}

// maxAnswers is how many answers that are not authenticated are computed with between two
// retransmissions.
const maxAnswers = 16

// check returns what is wrong with the configuration.
func (m *Machine) check() error {
	if len(m.cfg.Suites) == 0 {
		return errSuites
	}
	if m.cfg.Aggressive {
		for _, s := range m.cfg.Suites {
			if s.Group != m.cfg.Suites[0].Group {
				return errGroups
			}
		}
	}
	return nil
}

// beginPhase1 sends message 1.
func (m *Machine) beginPhase1(port uint16) {
	h := &handshake{suites: m.cfg.Suites, offer: ikeOffer(m.cfg.Suites), renews: m.sa != nil}
	a := &association{initiator: ike.SPI(m.random(8)), port: port, handshake: h}
	m.first = a
	vendors := []ike.Payload{{Type: payloadVendor, Body: vendorNATT}, {Type: payloadVendor, Body: vendorDPD}}
	list := []ike.Payload{{Type: payloadSA, Body: h.offer}}
	if m.cfg.Aggressive {
		a.suite = h.suites[0]
		if !m.newKey(a) {
			return
		}
		list = append(list, ike.Payload{Type: payloadKE, Body: h.pair.Public}, ike.Payload{Type: payloadNonce, Body: h.nonce}, ike.Payload{Type: payloadID, Body: m.identity()})
	}
	data := appendClear(a.header(m.exchange(), 0), append(list, vendors...)...)
	m.sendAgain(a, data)
}

// exchange returns the number of the exchange of phase 1.
func (m *Machine) exchange() uint8 {
	if m.cfg.Aggressive {
		return exchangeAggressive
	}
	return exchangeMain
}

// identity returns the body of our identification payload. Its port is 0, since there is
// a NAT, or seems to be (RFC 3947, section 4).
func (m *Machine) identity() []byte { return identification{Identity: m.cfg.Local}.body() }

// newKey makes our half of the key exchange. Where it fails, the association is over.
func (m *Machine) newKey(a *association) bool {
	pair, err := ike.NewKeyPair(a.suite.Group, m.cfg.Random)
	if err != nil {
		m.fail(err)
		return false
	}
	a.handshake.pair, a.handshake.nonce = pair, m.random(nonceLen)
	return true
}

// sendAgain sends a message of phase 1 until it has an answer.
func (m *Machine) sendAgain(a *association, data []byte) {
	limit := lastWait
	if a.handshake.renews {
		limit = renewWait
	}
	a.handshake.resend = newResend(m.now, data, firstWait, limit)
	m.send(a, data)
}

// natDs returns the hashes of the addresses: first the peer's, then ours, which is wrong
// on purpose, so that the peer finds a NAT and puts ESP into UDP.
func (m *Machine) natDs(a *association) []ike.Payload {
	return []ike.Payload{
		{Type: payloadNATD, Body: natD(a.suite.PRF, a.initiator, a.responder, m.cfg.Peer, a.port)},
		{Type: payloadNATD, Body: m.random(a.suite.PRF.Len())},
	}
}

// handshake takes a message of phase 1.
func (m *Machine) handshake(a *association, h ike.Header, d ike.Datagram) {
	hs := a.handshake
	if h.Exchange != m.exchange() || h.MessageID != 0 || h.Responder == (ike.SPI{}) || hs.seen.has(d.Data) || bytes.Equal(d.Data, hs.resend.data) {
		return
	}
	encrypted := h.Flags&flagEncrypted != 0
	if !encrypted && hs.step != awaitFirst && (hs.step == awaitID || h.Responder != a.responder) {
		m.keepAlternative(a, h, d)
		return
	}
	if encrypted != (hs.step == awaitID) || (encrypted && h.Responder != a.responder) {
		return
	}
	var err *ike.Failure
	switch {
	case m.cfg.Aggressive:
		err = m.aggressiveSecond(a, h, d)
	case hs.step == awaitFirst:
		err = m.mainSecond(a, h, d)
	case hs.step == awaitKey:
		err = m.mainFourth(a, h, d)
	default:
		err = m.mainSixth(a, h, d)
	}
	if err != nil {
		hs.suspect(m.now, err)
	}
}

// suspect notes a likely reason why there will be no answer, which nothing authenticates.
func (hs *handshake) suspect(now time.Time, f *ike.Failure) {
	hs.suspicion.note(now, f, &hs.resend, hs.renews)
}

// taken notes that a datagram was the answer that was waited for.
func (hs *handshake) taken(data []byte) {
	hs.seen.add(data)
	hs.suspicion = suspicion{}
	hs.resend.stop()
}

// exponentiate reports whether one more answer may cost an exponentiation.
func (hs *handshake) exponentiate() bool {
	hs.answers++
	return hs.answers <= maxAnswers
}

// proof returns the hash by which one end proves its key (RFC 2409, section 5).
func (a *association) proof(first, second []byte, firstCookie, secondCookie ike.SPI, id []byte) []byte {
	return a.keys.hash.PRF(a.keys.id.Bytes(), first, second, firstCookie[:], secondCookie[:], a.handshake.offer, id)
}

func (a *association) ourProof(id []byte) []byte {
	return a.proof(a.handshake.pair.Public, a.handshake.peerKE, a.initiator, a.responder, id)
}

func (a *association) peerProof(id []byte) []byte {
	return a.proof(a.handshake.peerKE, a.handshake.pair.Public, a.responder, a.initiator, id)
}

// established notes that the peer has proved its key.
func (m *Machine) established(a *association) {
	hs := a.handshake
	hs.pair.Wipe()
	m.first, a.handshake = nil, nil
	life := time.Duration(hs.lifetime) * time.Second
	a.renewAt, a.endAt = m.now.Add(life/5*4), m.now.Add(life)
	exchange := "main"
	if m.cfg.Aggressive {
		exchange = "aggressive"
	}
	m.replace(a)
	m.tell(ike.Established{Exchange: exchange, Suite: a.suite})
}
