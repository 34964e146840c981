package iketest

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A V2Config says how a responder of IKEv2 behaves: correctly, but for what is set.
type V2Config struct {
	PSK    []byte
	ID     ike.Identity   // that it says to have
	Client ike.Identity   // that the initiator must have
	Suites []ike.Suite    // that it takes
	ESP    []ike.ESPSuite // that it takes; with a group where a rekey must have perfect forward secrecy
	Tunnel bool           // else transport mode
	Random io.Reader      // nil: that of crypto/rand

	Cookies   int           // it asks for so many, one after the other
	WantGroup ike.Group     // it refuses other groups in IKE_SA_INIT; 0: takes each
	Narrowest int           // selectors it takes: 0 exact ones, 1 not before a whole port, 2 not before addresses
	Bare      bool          // an error for the child in IKE_AUTH comes without the proof of the key
	Version1  bool          // it knows IKEv1 alone
	Refuse    map[uint8]int // exchange: notify by which each request is refused; 0: not
	ESN       bool          // it picks extended sequence numbers

	// Answer changes the payloads of an answer, before they are encrypted.
	Answer func(exchange uint8, list []ike.Payload) []ike.Payload
}

// A V2 is a responder of IKEv2.
type V2 struct {
	cfg      V2Config
	init     *v2Init
	sas      []*v2SA // the last has the children
	children []*v2Child
	problems []string
	seen     map[string][]byte // requests of the initiator, by SPI and message ID
	port     uint16
}

var _ Peer = (*V2)(nil)

// A v2SA is an IKE security association.
type v2SA struct {
	first, second ike.SPI // of the original initiator and responder
	peerFirst     bool    // the initiator of the test is the original initiator
	suite         ike.Suite
	keys          map[string][]byte
	in, out       uint32 // the next message IDs
	reply         []byte
	pending       *v2Request
	iv            uint64
}

type v2Request struct {
	id       uint32
	data     []byte
	answered func(now time.Time, list []ike.Payload)
}

// A v2Child is a pair of associations of ESP, with its selectors as they came.
type v2Child struct {
	Child
	tsi, tsr []byte
}

// NewV2 returns a responder.
func NewV2(cfg V2Config) *V2 {
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	return &V2{cfg: cfg, seen: map[string][]byte{}, port: ike.Port}
}

// Children implements Peer.
func (v *V2) Children() []Child {
	var list []Child
	for _, c := range v.children {
		list = append(list, c.Child)
	}
	return list
}

// Tick implements Peer. The responder repeats its own requests whenever it is called.
func (v *V2) Tick(time.Time) []ike.Datagram {
	var out []ike.Datagram
	for _, a := range v.sas {
		if a.pending != nil {
			out = append(out, ike.Datagram{Port: ike.NATTPort, Data: a.pending.data})
		}
	}
	return out
}

// Alive returns how many IKE security associations there are.
func (v *V2) Alive() int { return len(v.sas) }

// Problems returns what the initiator did wrong.
func (v *V2) Problems() []string { return v.problems }

func (v *V2) problem(format string, a ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, a...))
}

// Receive implements Peer.
func (v *V2) Receive(now time.Time, d ike.Datagram) []ike.Datagram {
	h, err := ike.ParseHeader(d.Data)
	if err != nil {
		v.problem("header: %v", err)
		return nil
	}
	v.port = d.Port
	reply := func(data []byte) []ike.Datagram {
		if data == nil {
			return nil
		}
		return []ike.Datagram{{Port: d.Port, Data: data}}
	}
	v.auditHeader(h, d)
	if h.Exchange == 34 {
		return reply(v.receiveInit(h, d.Data))
	}
	i := slices.IndexFunc(v.sas, func(a *v2SA) bool {
		return a.first == h.Initiator && a.second == h.Responder && (h.Flags&8 != 0) == a.peerFirst
	})
	if i < 0 {
		return nil
	}
	a := v.sas[i]
	list, err := a.open(h, d.Data)
	if err != nil {
		v.problem("exchange %d: %v", h.Exchange, err)
		return nil
	}
	if h.Flags&0x20 != 0 {
		if r := a.pending; r != nil && r.id == h.MessageID {
			a.pending = nil
			r.answered(now, list)
		}
		return nil
	}
	if h.MessageID+1 == a.in && a.reply != nil {
		return reply(a.reply)
	}
	if h.MessageID != a.in {
		return nil
	}
	v.auditPayloads(h.Exchange, list)
	answer, after := v.answer(a, h.Exchange, list)
	if answer == nil {
		return nil
	}
	a.in++
	a.reply = a.seal(v.cfg.Random, h.Exchange, h.MessageID, true, answer[1:])
	after()
	return reply(a.reply)
}

// answer returns the answer to a request, after a first payload that stands for none.
func (v *V2) answer(a *v2SA, exchange uint8, list []ike.Payload) ([]ike.Payload, func()) {
	after := func() {}
	var out []ike.Payload
	switch kind := v.cfg.Refuse[exchange]; {
	case kind != 0:
		out = []ike.Payload{v2Notify(uint16(kind))}
	case exchange == 35:
		out = v.authenticate(a, list)
	case exchange == 36 && v2ProposalProtocol(list) == 1:
		out, after = v.rekeyed(a, list)
	case exchange == 36:
		out = v.newChild(a, list)
	case exchange == 37:
		out, after = v.informed(a, list)
	default:
		v.problem("exchange %d", exchange)
		return nil, nil
	}
	if v.cfg.Answer != nil {
		out = v.cfg.Answer(exchange, out)
	}
	return append([]ike.Payload{{}}, out...), after
}

// informed answers INFORMATIONAL.
func (v *V2) informed(a *v2SA, list []ike.Payload) ([]ike.Payload, func()) {
	var out []ike.Payload
	for _, p := range list {
		if p.Type != 42 {
			continue
		}
		if p.Body[0] == 1 {
			return nil, func() { v.drop(a) }
		}
		var ours []byte
		for b := p.Body[4:]; len(b) >= 4; b = b[4:] {
			spi := binary.BigEndian.Uint32(b)
			for _, c := range v.children {
				if c.Out.SPI == spi {
					ours = binary.BigEndian.AppendUint32(ours, c.In.SPI)
				}
			}
			v.children = slices.DeleteFunc(v.children, func(c *v2Child) bool { return c.Out.SPI == spi })
		}
		if len(ours) > 0 {
			out = append(out, ike.Payload{Type: 42, Body: append([]byte{3, 4, 0, byte(len(ours) / 4)}, ours...)})
		}
	}
	return out, func() {}
}

// drop forgets an IKE security association; the children go with the last.
func (v *V2) drop(a *v2SA) {
	v.sas = slices.DeleteFunc(v.sas, func(o *v2SA) bool { return o == a })
	if len(v.sas) == 0 {
		v.children = nil
	}
}

// current is the association that has the children.
func (v *V2) current() *v2SA { return v.sas[len(v.sas)-1] }

func (v *V2) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(v.cfg.Random, b); err != nil {
		panic(err)
	}
	return b
}

func v2Endpoint(ts []byte) netip.AddrPort {
	s := ts[4:]
	n := (int(binary.BigEndian.Uint16(s[2:])) - 8) / 2
	addr, _ := netip.AddrFromSlice(s[8 : 8+n])
	if low := binary.BigEndian.Uint16(s[4:]); low == binary.BigEndian.Uint16(s[6:]) {
		return netip.AddrPortFrom(addr, low)
	}
	return netip.AddrPortFrom(addr, 0)
}
