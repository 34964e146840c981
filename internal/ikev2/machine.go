package ikev2

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// Times of the exchanges.
const (
	firstWait = 250 * time.Millisecond
	maxWait   = 4 * time.Second

	// grace is how long a good answer may still come after something that is not
	// authenticated said that there will be none.
	grace = time.Second

	// maxSent is how often a request is sent under an established security
	// association, before the peer is gone: a minute and a quarter.
	maxSent = 20
)

// A Machine is an ike.Machine of IKEv2. Until the peer is authenticated each child fails
// with a Failure of its own, and Down follows. Deleting the IKE security association
// deletes the children that are up as well (RFC 7296, section 1.4.1): each gets ChildDown
// with a Gone before Down. The caller does not change the datagrams in an Output: the
// machine keeps them for a retransmission.
type Machine struct {
	cfg ike.Config

	start       *initial    // until the peer is authenticated
	security    *security   // until then, the first candidate
	others      []*security // before or beside security, until they are deleted; until then, the other candidates
	established bool
	over        *ike.Failure // the machine has ended; nil: it has not
	heard       bool         // the peer sent something that may be an answer

	suspect   *ike.Failure // what a message that is not authenticated said
	suspectAt time.Time    // when it is believed; zero: not before the caller's time is over

	first    *child // that of IKE_AUTH
	children []*child
	queue    []func(now time.Time) // requests that wait for the window
	rekeying *ikeOffer             // our rekey of security that is not answered

	out ike.Output
}

// New returns the initiator's end of an IKE security association.
func New(cfg ike.Config) *Machine {
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	return &Machine{cfg: cfg}
}

var _ ike.Machine = (*Machine)(nil)

// Open implements ike.Machine.
func (m *Machine) Open(now time.Time, id int, want ike.Child) ike.Output {
	return m.run(now, func() {
		c := &child{id: id, want: want}
		m.children = append(m.children, c)
		switch {
		case len(want.Suites) == 0 || len(m.cfg.Suites) == 0:
			m.childFailed(c, &ike.Failure{Cause: ike.NoESPProposal, Step: stepInit, Detail: "nothing is offered"})
		case m.over != nil:
			m.childFailed(c, m.over)
		case m.first == nil:
			m.first = c
			m.begin(now)
		default:
			m.later(func(now time.Time) { m.create(now, &offer{child: c}) })
		}
	})
}

// Receive implements ike.Machine.
func (m *Machine) Receive(now time.Time, d ike.Datagram) ike.Output {
	return m.run(now, func() { m.receive(now, d) })
}

// Tick implements ike.Machine.
func (m *Machine) Tick(now time.Time) ike.Output { return m.run(now, func() {}) }

// Rekey implements ike.Machine.
func (m *Machine) Rekey(now time.Time, id int) ike.Output {
	return m.run(now, func() {
		if c := m.child(id); c != nil && c.up {
			m.rekeyChild(c)
		}
	})
}

// Drop implements ike.Machine.
func (m *Machine) Drop(now time.Time, id int) ike.Output {
	return m.run(now, func() {
		if c := m.child(id); c != nil {
			c.gone = true
			m.deletePairs(c.pairs()...)
			c.current, c.old = nil, nil
		}
		m.children = slices.DeleteFunc(m.children, func(c *child) bool { return c.id == id })
	})
}

// Close implements ike.Machine.
func (m *Machine) Close(time.Time) ike.Output {
	m.out = ike.Output{}
	m.end(&ike.Failure{Cause: ike.Stopped, Step: m.step(), Detail: "it was closed"})
	return m.out
}

// run does one call: what it is for, then what is due.
func (m *Machine) run(now time.Time, call func()) ike.Output {
	m.out = ike.Output{}
	call()
	m.due(now)
	for m.over == nil && m.established && m.security.pending == nil && len(m.queue) > 0 {
		next := m.queue[0]
		m.queue = m.queue[1:]
		next(now)
	}
	m.out.Next = m.next()
	return m.out
}

// later puts a request into the queue.
func (m *Machine) later(f func(now time.Time)) { m.queue = append(m.queue, f) }

func (m *Machine) event(e ike.Event) { m.out.Events = append(m.out.Events, e) }

// child returns a child that has not ended, or nil.
func (m *Machine) child(id int) *child {
	for _, c := range m.children {
		if c.id == id && !c.gone {
			return c
		}
	}
	return nil
}

// random returns n random bytes.
func (m *Machine) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(m.cfg.Random, b); err != nil {
		_, _ = rand.Read(b) // does not fail
	}
	return b
}

// firstSPI is the lowest SPI of ESP; those below it are reserved (RFC 4303, section 2.1).
const firstSPI = 256

// validSPI reports whether an association of ESP may have an SPI.
func validSPI(b []byte) bool { return len(b) == 4 && binary.BigEndian.Uint32(b) >= firstSPI }

// newSPI returns the SPI of an association of ESP that we will receive by.
func (m *Machine) newSPI() uint32 {
	for {
		spi := binary.BigEndian.Uint32(m.random(4))
		if spi >= firstSPI && !m.usesSPI(spi) {
			return spi
		}
	}
}

func (m *Machine) usesSPI(spi uint32) bool {
	for _, c := range m.children {
		if c.offer != nil && c.offer.spi == spi || slices.ContainsFunc(c.pairs(), func(p *pair) bool { return p.in == spi }) {
			return true
		}
	}
	return false
}
