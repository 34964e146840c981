package host

import "time"

// A State is how a Host stands with etcd.
type State struct {
	Connected bool      // all that there was to write is written, and the lease is alive
	Since     time.Time // of Connected, or of not being it
	Err       error     // why it is not connected, or why config/ cannot be read; nil: no fault is known
	Published int       // paths in etcd under the lease, as far as this host knows
	Waiting   int       // changes that are not written yet
}

// State returns how the Host stands now. Any goroutine may call it.
func (h *Host) State() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.state
	s.Waiting = h.book.waiting()
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
	if h.state.Connected != before.Connected || h.state.Since.IsZero() {
		h.state.Since = time.Now()
	}
	now := h.state
	told := !before.Since.IsZero() && now.Connected == before.Connected && now.Published == before.Published && errorText(now.Err) == errorText(before.Err)
	h.mu.Unlock()
	if now.Waiting = h.book.waiting(); !told && h.cfg.Report != nil {
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
