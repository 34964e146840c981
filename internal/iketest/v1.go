package iketest

import (
	"crypto/rand"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A Step is a message that the responder sends.
type Step string

// The steps of version 1.
const (
	Main2       Step = "main mode message 2"
	Main4       Step = "main mode message 4"
	Main6       Step = "main mode message 6"
	Aggressive2 Step = "aggressive mode message 2"
	Quick2      Step = "quick mode message 2"
	Inform      Step = "informational"
	Rekey1      Step = "message 1 of the peer's quick mode"
	Rekey3      Step = "message 3 of the peer's quick mode"
)

// A V1Config says how a responder of version 1 is. The zero value of a field is the
// usual.
type V1Config struct {
	Addr      netip.Addr     // the peer's own
	Initiator netip.Addr     // as the initiator knows it: its hash must be wrong
	PSK       string         //
	ID        ike.Identity   // that it says it has; zero: Addr
	Suites    []ike.Suite    // that it takes; empty: any that is offered
	ESP       []ike.ESPSuite // that it takes; empty: any that is offered
	Mode      uint64         // that it takes: 3 tunnel, 4 transport; 0: both
	Widest    int            // selectors that it refuses: 0 none, 1 exact ones, 2 those with the portal's port too, 3 all
	Lifetime  uint16         // of ESP, in seconds; 0: as offered
	Refuse    bool           // aggressive mode: AUTHENTICATION-FAILED in clear text
	Random    io.Reader

	// Change is given the payloads of a message before they are hashed and encrypted,
	// and returns those that are sent.
	Change func(step Step, list []ike.Payload) []ike.Payload

	// Alter is given each message, and returns what is sent in its place.
	Alter func(step Step, d ike.Datagram) []ike.Datagram
}

// A V1 is a responder of version 1. It keeps one IKE security association for each
// cookie of the initiator.
type V1 struct {
	cfg      V1Config
	out      []ike.Datagram
	sas      []*v1SAState
	children []Child
	under    map[uint32]*v1SAState // by the SPI by which the peer receives
	faults   []string
	notified []uint16

	// Deleted are the SPIs of ESP that the initiator has deleted.
	Deleted []uint32
}

var _ Peer = (*V1)(nil)

// NewV1 returns a responder that does all as it should.
func NewV1(cfg V1Config) *V1 {
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.ID.Data == nil {
		cfg.ID = ike.AddrIdentity(cfg.Addr)
	}
	return &V1{cfg: cfg, under: map[uint32]*v1SAState{}}
}

// A v1SAState is one IKE security association.
type v1SAState struct {
	initiator, responder ike.SPI
	exchange             uint8
	suite                ike.Suite
	port                 uint16
	id                   []byte // of the initiator, in aggressive mode
	keys                 v1Keys
	offer                []byte
	pair                 *ike.KeyPair
	peerKE, ni, nr       []byte
	iv                   []byte
	next                 uint8 // number of the message that is waited for
	answers              map[string][]ike.Datagram
	ids                  map[uint32]bool
	quicks               map[uint32]*v1QuickState
	up                   bool
	answer               ike.Datagram // message 2 of aggressive mode
}

// Receive takes a datagram of the initiator. A request that is repeated gets the same
// answer.
func (v *V1) Receive(_ time.Time, d ike.Datagram) []ike.Datagram {
	v.out = nil
	h, err := ike.ParseHeader(d.Data)
	if err != nil || h.Version != ike.Version1 {
		return nil
	}
	sa := v.find(h)
	if sa == nil {
		return nil
	}
	if answer, ok := sa.answers[string(d.Data)]; ok {
		for _, a := range answer {
			v.out = append(v.out, ike.Datagram{Port: d.Port, Data: a.Data})
		}
		return v.out
	}
	sa.port = d.Port
	if v.take(sa, h, d) {
		sa.answers[string(d.Data)] = slices.Clone(v.out)
	}
	return v.out
}

// Tick returns nothing: what the peer does by itself, the test asks for.
func (v *V1) Tick(time.Time) []ike.Datagram { return nil }

// Children returns the pairs of associations of ESP.
func (v *V1) Children() []Child { return v.children }

// Faults returns what the initiator did that it must not do.
func (v *V1) Faults() []string { return v.faults }

// Established returns how many IKE security associations are up.
func (v *V1) Established() (n int) {
	for _, sa := range v.sas {
		if sa.up {
			n++
		}
	}
	return n
}

// add puts a child in use.
func (v *V1) add(sa *v1SAState, c Child) {
	v.children = append(v.children, c)
	v.under[c.In.SPI] = sa
}

func (v *V1) fault(text string) { v.faults = append(v.faults, text) }

// find returns the association of a message; a first message makes one.
func (v *V1) find(h ike.Header) *v1SAState {
	for _, sa := range v.sas {
		if sa.initiator == h.Initiator {
			if h.Responder != sa.responder && h.Responder != (ike.SPI{}) {
				v.fault("the cookie of the responder changed")
				return nil
			}
			return sa
		}
	}
	if h.Responder != (ike.SPI{}) || (h.Exchange != v1Main && h.Exchange != v1Aggressive) {
		return nil
	}
	sa := &v1SAState{initiator: h.Initiator, exchange: h.Exchange, next: 1, answers: map[string][]ike.Datagram{}, ids: map[uint32]bool{}, quicks: map[uint32]*v1QuickState{}}
	_, _ = io.ReadFull(v.cfg.Random, sa.responder[:])
	v.sas = append(v.sas, sa)
	return sa
}

// take handles a message that is new, and reports whether it was one that is known.
func (v *V1) take(sa *v1SAState, h ike.Header, d ike.Datagram) bool {
	switch {
	case h.Exchange == v1Main || h.Exchange == v1Aggressive:
		return v.phase1(sa, h, d)
	case h.Exchange == v1Quick && sa.up:
		return v.quick(sa, h, d)
	case h.Exchange == v1Informational && sa.up:
		return v.inform(sa, h, d)
	}
	return false
}

// send sends a message, when the test has nothing against it.
func (v *V1) send(sa *v1SAState, step Step, data []byte) {
	d := ike.Datagram{Port: sa.port, Data: data}
	if v.cfg.Alter != nil {
		v.out = append(v.out, v.cfg.Alter(step, d)...)
		return
	}
	v.out = append(v.out, d)
}

func (v *V1) change(step Step, list []ike.Payload) []ike.Payload {
	if v.cfg.Change != nil {
		return v.cfg.Change(step, list)
	}
	return list
}

func (v *V1) random(n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(v.cfg.Random, b)
	return b
}

// Repeat returns once more what the peer last sent in each Quick Mode whose message 3 is
// due, and in aggressive mode.
func (v *V1) Repeat() (list []ike.Datagram) {
	for _, sa := range v.sas {
		for _, q := range sa.quicks {
			if !q.done && !q.ours {
				list = append(list, q.answer)
			}
		}
		if sa.exchange == v1Aggressive && !sa.up && sa.answer.Data != nil {
			list = append(list, sa.answer)
		}
	}
	return list
}
