package ikev2

import (
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A security is an IKE security association, with the window of one message in each
// direction (RFC 7296, section 2.3).
type security struct {
	ours, peers ike.SPI
	initiator   bool // this end is the original initiator
	suite       ike.Suite
	keys        *keySet
	out, in     protection

	nextID  uint32   // of our next request
	pending *request // ours, that is not answered; nil: none

	peerID uint32 // of the peer's next request
	reply  []byte // to the one before, for a retransmission

	init *initialPair // until the peer is authenticated

	rekeyAt, ends time.Time
	replaced      bool // another one has its children, and it waits for its Delete until ends
}

// A request is a message of ours that waits for its answer.
type request struct {
	security *security // nil: IKE_SA_INIT
	exchange uint8
	id       uint32
	data     []byte
	step     string // for a Failure
	answered func(now time.Time, c *contents)
	key      *ike.KeyPair // that goes with it; nil: none
	up       *ike.ChildUp // to be told when it is answered; nil: none

	sent int // how often
	wait time.Duration
	next time.Time // when to send it again
}

// newSecurity returns a security association, whose first requests have the message IDs 0.
// ni and nr are the nonces of the exchange, whose initiator is its original initiator. It
// wipes seed.
func newSecurity(now time.Time, s ike.Suite, ours, peers ike.SPI, initiator bool, seed ike.Secret, ni, nr []byte) *security {
	a := &security{ours: ours, peers: peers, initiator: initiator, suite: s, rekeyAt: now.Add(rekeyAfter(lifetimeIKE)), ends: now.Add(lifetimeIKE)}
	first, second := ours, peers
	if !initiator {
		first, second = peers, ours
	}
	var spis [16]byte
	copy(spis[:], first[:])
	copy(spis[8:], second[:])
	k := deriveKeys(s, seed, ni, nr, spis)
	a.keys = k
	a.out, a.in = protection{suite: s, key: k.ei, integ: k.ai}, protection{suite: s, key: k.er, integ: k.ar}
	if !initiator {
		a.out.key, a.out.integ, a.in.key, a.in.integ = k.er, k.ar, k.ei, k.ai
	}
	return a
}

// header returns the header of a message of ours.
func (a *security) header(exchange uint8, id uint32, response bool) ike.Header {
	h := ike.Header{Initiator: a.ours, Responder: a.peers, Version: ike.Version2, Exchange: exchange, MessageID: id}
	if a.initiator {
		h.Flags |= flagInitiator
	} else {
		h.Initiator, h.Responder = a.peers, a.ours
	}
	if response {
		h.Flags |= flagResponse
	}
	return h
}

// owns reports whether a message of the peer's has the SPIs of the association, and comes
// from its other end.
func (a *security) owns(h ike.Header) bool {
	want := a.header(0, 0, false)
	return h.Initiator == want.Initiator && h.Responder == want.Responder && (h.Flags&flagInitiator != 0) != a.initiator
}

// wipe clears the keys, and ends the association: nothing is sealed or opened under keys
// of zeros.
func (a *security) wipe() {
	if a != nil {
		a.keys.wipe()
		a.out.ended, a.in.ended = true, true
		if a.pending != nil {
			a.pending.key.Wipe()
			if up := a.pending.up; up != nil {
				up.In.Key.Wipe()
				up.Out.Key.Wipe()
			}
		}
		a.pending, a.reply = nil, nil
	}
}
