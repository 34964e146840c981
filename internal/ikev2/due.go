package ikev2

import (
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// due does what is due.
func (m *Machine) due(now time.Time) {
	if m.over == nil && m.suspect != nil && reached(m.suspectAt, now) {
		f := m.suspect
		if m.suspect = nil; m.start != nil && m.security == nil && m.start.request.next.IsZero() {
			m.abandoned(now, f)
		} else {
			m.fail(f)
		}
	}
	if s := m.start; m.over == nil && s != nil {
		switch {
		case reached(s.changeAt, now):
			m.sendInit(now, s.change)
		case reached(s.request.next, now):
			m.transmit(now, s.request)
		}
	}
	for _, a := range slices.Clone(m.securities()) {
		if m.over == nil {
			m.dueSecurity(now, a)
		}
	}
	for _, c := range slices.Clone(m.children) {
		if m.over == nil && !c.gone {
			m.dueChild(now, c)
		}
	}
}

func (m *Machine) dueSecurity(now time.Time, a *security) {
	if r := a.pending; r != nil && reached(r.next, now) {
		if m.established && r.sent >= maxSent {
			if a != m.security {
				m.forgetOther(a)
				return
			}
			m.lost("the peer stopped answering")
			return
		}
		m.transmit(now, r)
		if m.start != nil && a == m.security && r.sent > 3 { // the answer that made it may be an attacker's
			m.send(m.start.port, m.start.request.data)
		}
	}
	switch {
	case a.replaced && reached(a.ends, now):
		m.forgetOther(a)
	case a.replaced || !m.established:
	case reached(a.ends, now):
		m.lost("the IKE security association could not be renewed in its time")
	case reached(a.rekeyAt, now) && m.rekeying == nil:
		a.rekeyAt = time.Time{}
		m.later(func(now time.Time) {
			if m.rekeying == nil && m.security == a {
				m.rekeyIKE(now, a.suite.Group, false)
			}
		})
	}
}

func (m *Machine) dueChild(now time.Time, c *child) {
	if reached(c.expires, now) {
		m.childLost(c, "the peer deleted the security associations, and makes no new ones")
		return
	}
	c.old = slices.DeleteFunc(c.old, func(p *pair) bool {
		if !reached(p.ends, now) {
			return false
		}
		m.event(ike.ChildExpired{Child: c.id, SPI: p.in})
		return true
	})
	if reached(c.retryAt, now) && c.offer == nil {
		c.retryAt = time.Time{}
		old := c.current
		m.later(func(now time.Time) { m.create(now, &offer{child: c, old: old}) })
	}
	if p := c.current; p != nil && c.up {
		switch {
		case reached(p.ends, now):
			m.childLost(c, "the security associations could not be renewed in their time")
		case reached(p.rekeyAt, now):
			m.rekeyChild(c)
		}
	}
}

// reached reports whether a time that is set has come.
func reached(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }

// next returns when something is due at the latest.
func (m *Machine) next() time.Time {
	var first time.Time
	at := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if m.over != nil {
		return first
	}
	if m.suspect != nil {
		at(m.suspectAt)
	}
	if m.start != nil {
		at(m.start.request.next)
		at(m.start.changeAt)
	}
	for _, a := range m.securities() {
		if a.pending != nil {
			at(a.pending.next)
		}
		if m.established {
			at(a.ends)
		}
		if m.established && !a.replaced && m.rekeying == nil {
			at(a.rekeyAt)
		}
	}
	for _, c := range m.children {
		if c.gone {
			continue
		}
		at(c.expires)
		if c.offer == nil {
			at(c.retryAt)
		}
		for _, p := range c.old {
			at(p.ends)
		}
		if p := c.current; p != nil && c.up {
			at(p.ends)
			if c.offer == nil {
				at(p.rekeyAt)
			}
		}
	}
	return first
}
