package ikev1

import (
	"bytes"

	"github.com/go-iscsi/discovery/internal/ike"
)

// maxAlternatives is how many answers are kept beside the one that was taken.
const maxAlternatives = 4

// alternativeAfter is at which retransmission of a message without an answer an alternative
// is tried instead.
const alternativeAfter = 2

// An alternative is an answer that came after one that was taken for the same message of main
// mode. Nothing in either is authenticated: the first may be an attacker's.
type alternative struct {
	step     step // that it would have answered
	header   ike.Header
	datagram ike.Datagram
}

// keepAlternative keeps an answer to an earlier message of main mode.
func (m *Machine) keepAlternative(a *association, h ike.Header, d ike.Datagram) {
	hs := a.handshake
	p, err := readClear(h, d.Data)
	if err != nil || len(hs.alternatives) == maxAlternatives {
		return
	}
	one := alternative{header: h, datagram: ike.Datagram{Port: d.Port, Data: bytes.Clone(d.Data)}}
	switch {
	case p.sa != nil && hasNATT(p.vendors):
		if _, _, err := ikeChoice(p.sa, hs.suites); err != nil {
			return
		}
	case p.ke != nil && hs.step == awaitID && h.Responder == a.responder:
		one.step = awaitKey
	default:
		return
	}
	for _, o := range hs.alternatives {
		if bytes.Equal(o.datagram.Data, d.Data) {
			return
		}
	}
	hs.alternatives = append(hs.alternatives, one)
}

// tryAlternative goes on with another answer where the one that was taken leads nowhere, and
// reports whether there was one.
func (m *Machine) tryAlternative(a *association) bool {
	hs := a.handshake
	for len(hs.alternatives) > 0 {
		one := hs.alternatives[0]
		hs.alternatives = hs.alternatives[1:]
		switch {
		case one.step == awaitFirst:
			hs.pair.Wipe()
			if m.mainSecond(a, one.header, one.datagram) == nil {
				return true
			}
		case one.header.Responder == a.responder && hs.step == awaitID:
			if m.mainFourth(a, one.header, one.datagram) == nil {
				return true
			}
		}
	}
	return false
}
