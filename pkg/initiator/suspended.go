package initiator

import (
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/handshakes"
)

// A suspended attempt is what is kept of one whose connection takes longer. It is
// resumed from its beginning: nothing but connections was tried so far, and how these
// went is known.
type suspended struct {
	request Request
	index   int
	addrs   []netip.AddrPort // that the host name was resolved to; nil: it was not
	elapsed time.Duration
	phases  Phases
	tried   []triedConnection
}

// maySuspend reports whether the attempt may be suspended: it had no connection, and no
// plan for one under IPsec, so that it can be resumed from its beginning.
func (a *attempt) maySuspend() bool {
	return a.pool.set != nil && !a.entered && !a.further && !a.probing && a.retried.failed == 0
}

// suspend returns what the attempt is resumed from. A connection that it had and did not
// use is closed.
func (a *attempt) suspend() *suspended {
	a.dropTried()
	a.phase(a.phases.current)
	s := &suspended{request: a.request, index: a.index, addrs: a.addrs, elapsed: a.phases.since, phases: a.phases.Phases}
	for _, t := range a.tried {
		if t.err != nil {
			t.used = false
			s.tried = append(s.tried, t)
		}
	}
	return s
}

// resume makes a the attempt that was suspended.
func (a *attempt) resume(s *suspended) {
	a.request, a.index, a.addrs, a.elapsed, a.tried = s.request, s.index, s.addrs, s.elapsed, s.tried
	a.phases = phaseClock{Phases: s.phases, since: s.elapsed}
	a.resumed = len(s.tried) > 0
}

// passed counts the time that its handshake took.
func (s *suspended) passed(spent time.Duration) {
	s.elapsed += spent
	s.phases.Connect += spent
}

// connected resumes an attempt by what became of its handshake. A connection that came
// when the time of the portal was over has come too late.
func (a *attempt) connected(r handshakes.Result[*suspended]) {
	s := r.Item
	s.passed(r.Spent)
	last := &s.tried[len(s.tried)-1]
	last.conn, last.err = r.Conn, r.Err
	if limit := a.d.timeout(); last.conn != nil && s.elapsed >= limit {
		a.hangUp(last.conn, true)
		last.conn, last.err = nil, &TimeoutError{Limit: limit}
	}
	a.resume(s)
}

// dropTried closes connections that were made before the attempt was resumed, and are of
// no use to it.
func (a *attempt) dropTried() {
	for i := range a.tried {
		if t := &a.tried[i]; t.conn != nil {
			a.hangUp(t.conn, true)
			t.conn = nil
		}
	}
}
