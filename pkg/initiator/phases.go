package initiator

import "time"

// Phases are the times that the phases of a discovery took, all tries and hops together,
// without the waits between tries; 0: it did not come so far.
type Phases struct{ Resolve, Secure, Connect, Login, Discover time.Duration }

// A phaseClock adds up the times of phases, on the clock of the portal.
type phaseClock struct {
	Phases
	current *time.Duration // the phase under way; nil: none
	since   time.Duration  // when it began
}

// spent returns how much of the portal's time was spent. The watch under way must not be
// paused.
func (a *attempt) spent() time.Duration {
	if a.watch == nil {
		return a.elapsed
	}
	return a.elapsed + a.watch.Used()
}

// phase ends the phase under way and begins another; nil: none.
func (a *attempt) phase(next *time.Duration) {
	now := a.spent()
	if c := a.phases.current; c != nil {
		*c += now - a.phases.since
	}
	a.phases.current, a.phases.since = next, now
}
