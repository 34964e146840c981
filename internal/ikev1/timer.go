package ikev1

import (
	"slices"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// startQuick sends message 1 of a Quick Mode, or sets when it is sent.
func (m *Machine) startQuick(q *quick, data []byte) {
	q.resend = resend{data: data}
	q.startAt = q.sa.quickAt
	if q.startAt.Before(m.now) {
		q.startAt = m.now
	}
	m.tickQuick(q)
}

// tickQuicks does what is due for Quick Modes.
func (m *Machine) tickQuicks() {
	for _, q := range slices.Clone(m.quicks) {
		m.tickQuick(q)
	}
	for _, q := range m.theirs {
		if q.resend.due(m.now) {
			m.send(q.sa, q.resend.data)
		}
	}
	m.theirs = slices.DeleteFunc(m.theirs, func(q *quick) bool {
		if m.now.Before(q.until) {
			return false
		}
		q.wipe()
		return true
	})
}

func (m *Machine) tickQuick(q *quick) {
	switch {
	case q.done():
		if !m.now.Before(q.until) {
			m.settle(q)
		}
	case !q.startAt.IsZero():
		if m.now.Before(q.startAt) {
			return
		}
		q.startAt = time.Time{}
		wait, limit := firstWait, lastWait
		if q.sa.last.data != nil {
			wait = eagerWait
		}
		if q.child.up && q.child.lostAt.IsZero() {
			limit = renewWait
		}
		q.resend = newResend(m.now, q.resend.data, wait, limit)
		m.send(q.sa, q.resend.data)
	case q.suspicion.due(m.now):
		m.settle(q)
		m.endChild(q.child, q.suspicion.failure)
	case q.resend.due(m.now):
		if q.resend.count > 1 && q.sa.last.data != nil {
			m.send(q.sa, q.sa.last.data) // it may be what was lost
		}
		m.send(q.sa, q.resend.data)
	}
}

// next returns when something is due; zero: never.
func (m *Machine) next() time.Time {
	var first time.Time
	at := func(list ...time.Time) {
		for _, t := range list {
			if !t.IsZero() && (first.IsZero() || t.Before(first)) {
				first = t
			}
		}
	}
	if a := m.first; a != nil {
		at(a.handshake.resend.at, a.handshake.suspicion.at)
	}
	if a := m.sa; a != nil {
		at(a.endAt)
		if m.renewable(a) {
			at(a.renewAt)
		}
	}
	for _, a := range m.old {
		at(a.endAt)
	}
	for _, q := range append(slices.Clone(m.quicks), m.theirs...) {
		at(q.startAt, q.resend.at, q.suspicion.at, q.until)
	}
	for _, c := range m.children {
		at(c.lostAt)
		for _, p := range c.pairs {
			at(p.endAt)
			if p == c.current() && !c.renew && !c.refused {
				at(p.renewAt)
			}
		}
	}
	return first
}

// Reason returns what the negotiation of a child waits for, or has run into.
func (m *Machine) Reason(n int) *ike.Failure {
	if f, ok := m.over.(*ike.Failure); ok { //nolint:errorlint // over is never wrapped
		return f
	}
	switch a := m.first; {
	case m.over != nil:
		return &ike.Failure{Cause: ike.Refused, Detail: m.over.Error()}
	case m.sa != nil:
		return m.quickReason(n)
	case a == nil:
		return &ike.Failure{Cause: ike.Silent, Step: m.stepName(awaitFirst), Detail: "nothing was sent"}
	case a.handshake.suspicion.failure != nil:
		return a.handshake.suspicion.failure
	case !m.heard:
		return &ike.Failure{Cause: ike.Silent, Step: m.stepName(awaitFirst), Detail: "the peer answers nothing"}
	default:
		return &ike.Failure{Cause: ike.Stopped, Step: m.stepName(a.handshake.step), Detail: "the peer does not answer any more"}
	}
}

func (m *Machine) quickReason(n int) *ike.Failure {
	for _, q := range m.quicks {
		if q.child.number == n && q.suspicion.failure != nil {
			return q.suspicion.failure
		}
	}
	if c := m.child(n); c != nil && c.reason != nil {
		return c.reason
	}
	return &ike.Failure{Cause: ike.Stopped, Step: quickMessage2, Authenticated: true, Detail: "the peer does not answer in phase 2"}
}
