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
	at      time.Time // when it is told
}

// note remembers a reason. The first one stays, and so does its time: a flood of others
// does not put it off.
func (s *suspicion) note(now time.Time, f *ike.Failure) {
	if s.failure == nil {
		s.failure, s.at = f, now.Add(grace)
	}
}

// due reports whether the reason is to be told.
func (s *suspicion) due(now time.Time) bool { return s.failure != nil && !now.Before(s.at) }
