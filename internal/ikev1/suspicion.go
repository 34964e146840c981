package ikev1

import (
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// grace is how long a good answer may still come after an answer that is not
// authenticated and would be the end.
const grace = time.Second

// A suspicion is the likely reason why a negotiation does not go on. The zero value is
// none.
type suspicion struct {
	failure *ike.Failure
	at      time.Time // when it is told; zero: not before the time is over
}

// note remembers a reason, and has the message that waits for a good answer go out once
// more in time. The first reason stays, and so does its time: a flood of others does not
// put it off. A renewal has minutes, and its reason is not told before those are over.
func (s *suspicion) note(now time.Time, f *ike.Failure, r *resend, renewal bool) {
	if s.failure != nil {
		return
	}
	s.failure = f
	if !renewal {
		s.at = now.Add(grace)
		r.hurry(now.Add(grace / 2))
	}
}

// due reports whether the reason is to be told.
func (s *suspicion) due(now time.Time) bool { return !s.at.IsZero() && !now.Before(s.at) }
