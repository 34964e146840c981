package ikev1

import (
	"encoding/binary"
	"errors"

	"github.com/go-iscsi/discovery/internal/ike"
)

var (
	errSelectors = errors.New("the peer chose other selectors than those offered")
	errSPI       = errors.New("the peer's SPI is wrong")
)

// outSPI reads the SPI by which the peer receives. Those to 255 are reserved (RFC 4303,
// section 2.1).
func outSPI(b []byte) (uint32, error) {
	if len(b) != 4 || binary.BigEndian.Uint32(b) <= 255 {
		return 0, errSPI
	}
	return binary.BigEndian.Uint32(b), nil
}

// selected reports whether the peer has taken the selectors as they were offered. In
// transport mode the address may be the one that a NAT has put in the place of ours: the
// packets have no other.
func (q *quick) selected(bodies [][]byte) bool {
	if len(bodies) != 2 {
		return len(bodies) == 0 && q.selection == selectAddresses && !q.child.want.Tunnel // as by default (RFC 2409, section 5.5)
	}
	for i, b := range bodies {
		id, err := parseIdentification(b)
		if err != nil || !q.matches(id, q.ids[i]) {
			return false
		}
	}
	return true
}

func (q *quick) matches(got, want identification) bool {
	if got.protocol != want.protocol || got.port != want.port || got.Type != want.Type {
		return false
	}
	return !q.child.want.Tunnel || got.Equal(want.Identity)
}

// settle ends an exchange without a result.
func (m *Machine) settle(q *quick) {
	q.pair.Wipe()
	for i, o := range m.quicks {
		if o == q {
			m.quicks = append(m.quicks[:i:i], m.quicks[i+1:]...)
			return
		}
	}
}

// endChild ends a child that could not be negotiated. One that is up goes on with what it
// has until its time is over; where it has nothing, it ends.
func (m *Machine) endChild(c *child, f *ike.Failure) {
	if !c.up {
		m.forget(c)
		m.tell(ike.ChildDown{Child: c.number, Err: f})
		return
	}
	c.renew, c.refused = false, true
	if c.current() == nil {
		m.lose(c, "the peer deleted the security associations, and refuses new ones")
	}
}

// refuseQuick handles a refusal of an open Quick Mode. authenticated: the peer proved that
// it is its own, and it is no use to wait.
func (m *Machine) refuseQuick(q *quick, n notify, authenticated bool) {
	f := &ike.Failure{Cause: ike.Refused, Step: quickMessage2, Notify: n.kind, Authenticated: authenticated, Detail: "the peer refuses quick mode"}
	switch n.kind {
	case notifyNoProposal, notifyBadSyntax:
		f.Cause = ike.NoESPProposal
	case notifyInvalidID:
		f.Cause = ike.Selectors
	}
	if !authenticated {
		q.suspect(m.now, f)
		return
	}
	m.settle(q)
	c := q.child
	switch {
	case f.Cause == ike.Selectors && !c.up && c.selection+1 < selectNone:
		c.selection++
	case f.Cause == ike.NoESPProposal && !c.up && c.group+1 < len(c.groups):
		c.group++
	default:
		m.endChild(c, f)
		return
	}
	c.reason = f
}
