package host

import "time"

// A State is how a Host stands with etcd.
type State struct {
	Connected bool      // all that there was to write is written, and the lease is alive
	Since     time.Time // of Connected, or of not being it
	Err       error     // why it is not connected, or why config/ cannot be read; nil: no fault is known
	Published int       // paths in etcd under the lease, as far as this host knows
	Waiting   int       // changes that are not written yet, Encoding among them
	Encoding  int       // what was seen and is not encoded yet
	Unlisted  error     // *UnlistedError: answers of which readers know the number of targets alone; nil: there are none
}

// State returns how the Host stands now. Any goroutine may call it.
func (h *Host) State() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.state
	s.Encoding, s.Unlisted = h.intake.count(), h.book.isUnlisted()
	s.Waiting = s.Encoding + h.book.waiting()
	return s
}

// set changes the state, and reports it where that says something new.
func (h *Host) set(change func(*Host)) {
	h.reporting.Lock()
	defer h.reporting.Unlock()
	h.mu.Lock()
	before := h.state
	change(h)
	if h.state.Err = h.publishErr; h.state.Err == nil {
		h.state.Err = h.configErr
	}
	h.state.Unlisted = h.book.isUnlisted()
	if h.state.Connected != before.Connected || h.state.Since.IsZero() {
		h.state.Since = time.Now()
	}
	now := h.state
	told := !before.Since.IsZero() && now.Connected == before.Connected && now.Published == before.Published && errorText(now.Err) == errorText(before.Err) && errorText(now.Unlisted) == errorText(before.Unlisted)
	h.mu.Unlock()
	if now.Encoding = h.intake.count(); !told && h.cfg.Report != nil {
		now.Waiting = now.Encoding + h.book.waiting()
		h.cfg.Report(now)
	}
}

// errorText returns the text of an error; empty: there is none.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
