package ikev1

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// A Machine is the initiator of one IKE security association of version 1, and of those
// that replace it when its time is nearly over. It is an [ike.Machine].
type Machine struct {
	cfg      ike.Config
	now      time.Time // of the present call
	out      ike.Output
	heard    bool // the peer has sent something
	over     error
	first    *association // being negotiated: the first, or the one that is to replace sa
	sa       *association // established
	old      []*association
	children []*child // in the order of Open
	quicks   []*quick // that we began
	theirs   []*quick // that the peer began
	proved   bool     // a child is up, or was
	probe    probe
}

var _ ike.Machine = (*Machine)(nil)

// New returns a machine. Suites for which IKEv1 has no numbers are left out.
func New(cfg ike.Config) *Machine {
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	var suites []ike.Suite
	for _, s := range cfg.Suites {
		if ikeAttributes(s) != nil {
			suites = append(suites, s)
		}
	}
	cfg.Suites = suites
	return &Machine{cfg: cfg}
}

// begin begins a call, and end returns what came of it.
func (m *Machine) begin(now time.Time) { m.now, m.out = now, ike.Output{} }

func (m *Machine) end() ike.Output {
	m.openQuicks()
	m.out.Next = m.next()
	out := m.out
	m.out = ike.Output{}
	return out
}

// send sends a message of an association.
func (m *Machine) send(a *association, data []byte) {
	m.out.Send = append(m.out.Send, ike.Datagram{Port: a.port, Data: data})
}

// tell tells an event.
func (m *Machine) tell(e ike.Event) { m.out.Events = append(m.out.Events, e) }

// random returns n random bytes.
func (m *Machine) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(m.cfg.Random, b); err != nil {
		panic("the source of random numbers failed") // crypto/rand does not
	}
	return b
}

// spi returns an SPI of ESP for what we receive. Those to 255 are reserved (RFC 4303,
// section 2.1).
func (m *Machine) spi() uint32 {
	for {
		n := binary.BigEndian.Uint32(m.random(4))
		if n > 255 && m.pairIn(n) == nil {
			return n
		}
	}
}

// messageID returns a message ID of our own.
func (m *Machine) messageID(a *association) uint32 {
	for {
		if id := binary.BigEndian.Uint32(m.random(4)); a.ids.take(id) {
			return id
		}
	}
}

// Open asks for the security associations of a child.
func (m *Machine) Open(now time.Time, n int, c ike.Child) ike.Output {
	m.begin(now)
	if m.over != nil {
		m.tell(ike.ChildDown{Child: n, Err: m.over})
		return m.end()
	}
	child, err := newChild(n, c)
	if err != nil {
		m.tell(ike.ChildDown{Child: n, Err: err})
		return m.end()
	}
	m.children = append(m.children, child)
	if m.sa == nil && m.first == nil {
		if err := m.check(); err != nil {
			m.fail(err)
			return m.end()
		}
		m.beginPhase1(ike.Port)
	}
	return m.end()
}

// Receive takes a datagram of the peer.
func (m *Machine) Receive(now time.Time, d ike.Datagram) ike.Output {
	m.begin(now)
	if m.over == nil {
		m.receive(d)
	}
	return m.end()
}

// receive finds out which association and exchange a datagram belongs to.
func (m *Machine) receive(d ike.Datagram) {
	h, err := ike.ParseHeader(d.Data)
	if err != nil {
		return
	}
	if h.Version != ike.Version1 {
		m.otherVersion(h)
		return
	}
	a := m.associationOf(h)
	if a == nil {
		return
	}
	m.heard = true
	switch {
	case h.Exchange == exchangeInformational:
		m.informational(a, h, d.Data)
	case a.handshake != nil:
		m.handshake(a, h, d)
	case h.Exchange == exchangeMain || h.Exchange == exchangeAggressive:
		if again := a.last.repeat(d.Data); again != nil {
			m.send(a, again)
		}
	case h.Exchange == exchangeQuick && h.Flags&flagEncrypted != 0:
		m.quickMode(a, h, d.Data)
	}
}

// associationOf returns the association that a message belongs to by its cookies; nil:
// none. While the peer's cookie is not known, any is good; and a message of main mode may
// have another one, until the peer has proved its key.
func (m *Machine) associationOf(h ike.Header) *association {
	for _, a := range append([]*association{m.first, m.sa}, m.old...) {
		if a == nil || a.initiator != h.Initiator {
			continue
		}
		if a.responder == h.Responder || (a.handshake != nil && (a.handshake.step == awaitFirst || h.Exchange == exchangeMain)) {
			return a
		}
	}
	return nil
}

// Tick does what is due.
func (m *Machine) Tick(now time.Time) ike.Output {
	m.begin(now)
	if m.over == nil {
		m.tickPhase1()
		m.tickQuicks()
	}
	m.tickChildren()
	return m.end()
}

// Rekey renews the security associations of a child.
func (m *Machine) Rekey(now time.Time, n int) ike.Output {
	m.begin(now)
	if c := m.child(n); c != nil && c.up {
		c.renew = true
		m.needSA(c)
	}
	return m.end()
}

// Drop ends a child.
func (m *Machine) Drop(now time.Time, n int) ike.Output {
	m.begin(now)
	if c := m.child(n); c != nil {
		m.deletePairs(c)
		m.forget(c)
	}
	return m.end()
}

// Close ends everything.
func (m *Machine) Close(now time.Time) ike.Output {
	m.begin(now)
	for len(m.children) > 0 {
		m.deletePairs(m.children[0])
		m.forget(m.children[0])
	}
	for _, a := range append([]*association{m.sa}, m.old...) {
		if a != nil {
			m.deleteSA(a)
			a.wipe()
		}
	}
	if m.first != nil {
		m.first.wipe()
	}
	m.first, m.sa, m.old, m.quicks, m.theirs = nil, nil, nil, nil, nil
	if m.over == nil {
		m.over = errClosed
	}
	return m.end()
}
