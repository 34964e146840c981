package ikev1

import "time"

// Times between retransmissions.
const (
	firstWait = 250 * time.Millisecond
	lastWait  = 4 * time.Second
	renewWait = 32 * time.Second // lastWait of what renews: it has minutes
	eagerWait = 50 * time.Millisecond
)

// A resend is a message that expects an answer, and goes out again until it has come.
type resend struct {
	data  []byte
	at    time.Time // zero: not to be sent again
	wait  time.Duration
	limit time.Duration
	count int // how often it went out again
}

// newResend returns what sends a message again for the first time after wait.
func newResend(now time.Time, data []byte, wait, limit time.Duration) resend {
	return resend{data: data, at: now.Add(wait), wait: wait, limit: limit}
}

// due reports whether the message is to go out again now, and sets the time after that.
func (r *resend) due(now time.Time) bool {
	if r.at.IsZero() || now.Before(r.at) {
		return false
	}
	r.count++
	r.wait = min(2*r.wait, r.limit)
	r.at = now.Add(r.wait)
	return true
}

// hurry has the message go out again at a time at the latest.
func (r *resend) hurry(at time.Time) {
	if at.Before(r.at) {
		r.at = at
	}
}

// stop ends it.
func (r *resend) stop() { r.at = time.Time{} }
