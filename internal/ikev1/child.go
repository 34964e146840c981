package ikev1

import (
	"errors"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// overlap is how long associations that were replaced go on to receive.
const overlap = 10 * time.Second

// renewalTime is how long the renewal of associations that the peer has deleted may take.
const renewalTime = 900 * time.Millisecond

var errESPSuites = errors.New("IKEv1 can do none of the proposals for ESP")

// A child is what was asked for by Open, and what it has.
type child struct {
	number    int
	want      ike.Child
	groups    [][]ike.ESPSuite // the suites by their groups: an offer has one group (RFC 2409, section 5.5)
	group     int              // the one that is offered
	selection selection
	pairs     []*pair // the oldest first; the last one is in use unless it is lost
	up        bool    // ChildUp was told
	renew     bool    // new associations are to be negotiated
	refused   bool    // the peer has refused to renew: not again
	deleted   bool    // the peer has deleted what was in use, once
	lostAt    time.Time
	reason    *ike.Failure
}

// A pair are two associations of ESP, one each way.
type pair struct {
	in, out        uint32
	from           *association // under which it was negotiated
	renewAt, endAt time.Time
	replaced       bool
}

// newChild returns a child, or what is wrong with it.
func newChild(n int, want ike.Child) (*child, error) {
	c := &child{number: n, want: want}
	for _, s := range want.Suites {
		if espAttributes(s, want.Tunnel) == nil {
			continue
		}
		i := slices.IndexFunc(c.groups, func(g []ike.ESPSuite) bool { return g[0].Group == s.Group })
		if i < 0 {
			c.groups = append(c.groups, []ike.ESPSuite{s})
			continue
		}
		c.groups[i] = append(c.groups[i], s)
	}
	if len(c.groups) == 0 {
		return nil, errESPSuites
	}
	return c, nil
}

// child returns a child by its number; nil: there is none.
func (m *Machine) child(n int) *child {
	i := slices.IndexFunc(m.children, func(c *child) bool { return c.number == n })
	if i < 0 {
		return nil
	}
	return m.children[i]
}

// pairIn returns the pair that receives by an SPI; nil: there is none.
func (m *Machine) pairIn(spi uint32) *pair {
	for _, c := range m.children {
		for _, p := range c.pairs {
			if p.in == spi {
				return p
			}
		}
	}
	return nil
}

// current returns the pair that is in use; nil: there is none.
func (c *child) current() *pair {
	if len(c.pairs) == 0 || c.pairs[len(c.pairs)-1].replaced {
		return nil
	}
	return c.pairs[len(c.pairs)-1]
}

// wanting reports whether the child needs a Quick Mode.
func (c *child) wanting() bool { return !c.up || c.renew }

// add puts a new pair in use. Those before receive a while longer.
func (m *Machine) add(c *child, p *pair, seconds uint64) {
	life := time.Duration(seconds) * time.Second
	p.renewAt, p.endAt = m.now.Add(life/5*4), m.now.Add(life)
	for _, o := range c.pairs {
		if end := m.now.Add(overlap); !o.replaced || end.Before(o.endAt) {
			o.endAt = end
		}
		o.replaced = true
	}
	c.pairs = append(c.pairs, p)
	c.up, c.renew, c.lostAt, c.reason = true, false, time.Time{}, nil
	m.proved = true
}

// forget takes a child out, with the exchanges that are for it.
func (m *Machine) forget(c *child) {
	m.children = slices.DeleteFunc(m.children, func(o *child) bool { return o == c })
	m.quicks = slices.DeleteFunc(m.quicks, func(q *quick) bool { return q.drop(c) })
	m.theirs = slices.DeleteFunc(m.theirs, func(q *quick) bool { return q.drop(c) })
}

// lose ends a child that was up.
func (m *Machine) lose(c *child, reason string) {
	m.forget(c)
	m.tell(ike.ChildDown{Child: c.number, Err: &ike.Gone{Reason: reason}})
}

// tickChildren does what is due for the associations of ESP. They go on where the IKE
// security association is over.
func (m *Machine) tickChildren() {
	for _, c := range slices.Clone(m.children) {
		if !c.lostAt.IsZero() && !m.now.Before(c.lostAt) {
			m.lose(c, "the peer deleted the security associations, and new ones could not be negotiated")
			continue
		}
		if p := c.current(); p != nil && !m.now.Before(p.renewAt) && !c.renew && !c.refused {
			c.renew = true
			m.needSA(c)
		}
		m.endPairs(c)
	}
}

// endPairs ends the pairs of a child whose time is over.
func (m *Machine) endPairs(c *child) {
	for _, p := range slices.Clone(c.pairs) {
		if m.now.Before(p.endAt) {
			continue
		}
		m.deletePair(p)
		if p == c.current() {
			m.lose(c, "the time of the security associations is over, and new ones could not be negotiated")
			return
		}
		m.expire(c, p)
	}
}

// expire takes a pair out that is not in use any more.
func (m *Machine) expire(c *child, p *pair) {
	c.pairs = slices.DeleteFunc(c.pairs, func(o *pair) bool { return o == p })
	m.tell(ike.ChildExpired{Child: c.number, SPI: p.in})
}

// needSA ends a child that has to be renewed when there is no IKE security association to
// do it.
func (m *Machine) needSA(c *child) {
	if m.sa == nil && m.first == nil {
		m.lose(c, "the IKE security association is gone, and new associations could not be negotiated")
	}
}

// peerDeleted handles the peer's Delete of the association by which it has received. That
// is no reason to end the connection (RFC 3723): one new Quick Mode is tried, once.
func (m *Machine) peerDeleted(spi uint32) {
	for _, c := range slices.Clone(m.children) {
		for _, p := range slices.Clone(c.pairs) {
			if p.out != spi {
				continue
			}
			used := p == c.current()
			m.expire(c, p)
			if !used {
				continue
			}
			switch {
			case c.refused || c.deleted || (m.sa == nil && m.first == nil):
				m.lose(c, "the peer deleted the security associations")
			default:
				c.deleted, c.renew, c.lostAt = true, true, m.now.Add(renewalTime)
			}
		}
	}
}
