package ikev1

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/go-iscsi/discovery/internal/ike"
)

// inform sends an Informational.
func (m *Machine) inform(a *association, list ...ike.Payload) {
	id := m.messageID(a)
	data, _ := m.sealHashed(a, exchangeInformational, id, a.phase2IV(id), list...)
	m.send(a, data)
}

// deleteSA tells the peer that an IKE security association is gone.
func (m *Machine) deleteSA(a *association) {
	d := deletion{protocol: protocolISAKMP, spis: [][]byte{append(a.initiator[:], a.responder[:]...)}}
	m.inform(a, ike.Payload{Type: payloadDelete, Body: d.body()})
}

// deletePair tells the peer that the association by which we receive is gone, under the
// association that it was negotiated under, where there is that still.
func (m *Machine) deletePair(p *pair) {
	a := m.sa
	if slices.Contains(m.old, p.from) {
		a = p.from
	}
	m.deleteSPIs(a, p.in)
}

// deletePairs tells it of all pairs of a child, and of those that are being negotiated.
func (m *Machine) deletePairs(c *child) {
	var spis []uint32
	for _, p := range c.pairs {
		if p.from == m.sa {
			spis = append(spis, p.in)
		} else {
			m.deletePair(p)
		}
	}
	for _, q := range append(slices.Clone(m.quicks), m.theirs...) {
		if q.child == c && !q.done() && q.startAt.IsZero() && !slices.Contains(spis, q.spi) {
			spis = append(spis, q.spi)
		}
	}
	m.deleteSPIs(m.sa, spis...)
}

func (m *Machine) deleteSPIs(a *association, spis ...uint32) {
	if a == nil || len(spis) == 0 {
		return
	}
	d := deletion{protocol: protocolESP}
	for _, s := range spis {
		d.spis = append(d.spis, binary.BigEndian.AppendUint32(nil, s))
	}
	m.inform(a, ike.Payload{Type: payloadDelete, Body: d.body()})
}

// informational takes an Informational, which may be in clear text, and is not to be
// trusted then.
func (m *Machine) informational(a *association, h ike.Header, data []byte) {
	if h.Flags&flagEncrypted == 0 {
		if p, err := readClear(h, data); err == nil {
			m.unproved(a, p.notifies)
		}
		return
	}
	if a.block == nil {
		return
	}
	if a.handshake == nil && a.ids.used[h.MessageID] {
		return
	}
	p, _, err := openHashed(a, h, data, a.phase2IV(h.MessageID), nil)
	if err != nil {
		if a.handshake != nil {
			m.undecrypted(a)
		}
		return
	}
	if !a.ids.take(h.MessageID) {
		return
	}
	if a.handshake != nil {
		m.refusedPhase1(a, p)
		return
	}
	m.notices(a, p)
	m.deletions(a, p)
}

// undecrypted notes an Informational that cannot be read where the peer's proof of the key
// is due: a peer with another key sends it with other keys of its own.
func (m *Machine) undecrypted(a *association) {
	if hs := a.handshake; hs.step == awaitID {
		hs.suspect(m.now, &ike.Failure{Cause: ike.OtherKeySeems, Step: mainMessage6, Detail: errPlain.Error()})
	}
}

// refusedPhase1 handles a refusal of phase 1 that the peer proved to be its own.
func (m *Machine) refusedPhase1(a *association, p payloadsOf) {
	for _, b := range p.notifies {
		if n, err := parseNotify(b); err == nil && n.isError() {
			f := m.phase1Failure(a, n)
			f.Authenticated = true
			m.fail(f)
			return
		}
	}
}

// phase1Failure returns what a refusal means while phase 1 is not done.
func (m *Machine) phase1Failure(a *association, n notify) *ike.Failure {
	step := a.handshake.step
	f := &ike.Failure{Cause: ike.Refused, Step: m.stepName(step), Notify: n.kind, Detail: "the peer refuses phase 1"}
	switch n.kind {
	case notifyInvalidVersion:
		f.Cause = ike.SpeaksIKEv2
	case notifyNoProposal, notifyBadSyntax:
		f.Cause = ike.NoIKEProposal
	case notifyAuthFailed, notifyInvalidID:
		f.Cause = ike.KeyOrIdentity
		if m.cfg.Aggressive && n.kind == notifyAuthFailed {
			f.Cause = ike.AggressiveMode
		}
	case notifyInvalidExchange, notifyUnsupported:
		if m.cfg.Aggressive {
			f.Cause = ike.AggressiveMode
		}
	case notifyInvalidPayload, notifyPayloadMalformed, notifyInvalidHash, notifyUnequalLengths:
		if step == awaitID {
			f.Cause = ike.OtherKeySeems
		}
	}
	return f
}

// unproved notes refusals that nothing authenticates.
func (m *Machine) unproved(a *association, notifies [][]byte) {
	for _, b := range notifies {
		n, err := parseNotify(b)
		if err != nil || !n.isError() {
			continue
		}
		if a.handshake != nil {
			a.handshake.suspect(m.now, m.phase1Failure(a, n))
		} else if q := m.refusedQuick(a, n); q != nil {
			m.refuseQuick(q, n, false)
		}
	}
}

// refusedQuick returns which open Quick Mode a refusal is about: the one whose SPI it has,
// or else the oldest.
func (m *Machine) refusedQuick(a *association, n notify) *quick {
	var first *quick
	for _, q := range m.quicks {
		if q.sa != a || q.done() {
			continue
		}
		if q.named(n) {
			return q
		}
		if first == nil {
			first = q
		}
	}
	return first
}

// notices handles the notifies of a message that the peer proved to be its own.
func (m *Machine) notices(a *association, p payloadsOf) {
	for _, b := range p.notifies {
		n, err := parseNotify(b)
		if err != nil {
			continue
		}
		switch {
		case n.kind == notifyAreYouThere && bytes.Equal(n.spi, append(a.initiator[:], a.responder[:]...)) && len(n.data) == 4:
			m.inform(a, ike.Payload{Type: payloadNotify, Body: notify{protocolISAKMP, notifyAreYouThereAnswer, n.spi, n.data}.body()})
		case n.kind == notifyResponderLifetime && n.protocol == protocolISAKMP:
			a.lowerLifetime(m.now, lifetimeOf(n))
		case n.kind == notifyResponderLifetime:
			m.lowerPair(n)
		case n.isError():
			m.refused(a, n)
		}
	}
}

// refused takes a refusal that the peer proved to be its own. A peer may refuse each copy of
// message 1 by an Informational of its own, and not say in it which Quick Mode it is about.
func (m *Machine) refused(a *association, n notify) {
	q := m.refusedQuick(a, n)
	switch {
	case q == nil:
	case q.named(n):
		m.refuseQuick(q, n, true)
	case a.unclear > 0:
		a.unclear--
	default:
		a.unclear = q.resend.count
		m.refuseQuick(q, n, true)
	}
}

// named reports whether a refusal says that it is about the Quick Mode.
func (q *quick) named(n notify) bool {
	return len(n.spi) == 4 && binary.BigEndian.Uint32(n.spi) == q.spi
}

// deletions handles the peer's Deletes of what is its own, or ours together.
func (m *Machine) deletions(a *association, p payloadsOf) {
	gone := false
	for _, b := range p.deletes {
		d, err := parseDeletion(b)
		if err != nil {
			continue
		}
		for _, spi := range d.spis {
			switch {
			case d.protocol == protocolESP && len(spi) == 4:
				m.peerDeleted(binary.BigEndian.Uint32(spi))
			case d.protocol == protocolISAKMP && bytes.Equal(spi, append(a.initiator[:], a.responder[:]...)):
				gone = true
			}
		}
	}
	if gone {
		m.peerEnded(a)
	}
}
