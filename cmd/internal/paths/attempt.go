package paths

import (
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// An Attempt is how a portal was asked last.
type Attempt struct {
	Time    time.Time // zero: it was not
	Code    uint32    // see package isdsc
	Stage   string    // at which it failed; empty: it did not
	Message string    // of the error, escaped
	Silent  bool      // the portal did not answer
}

// newAttempt returns that of an entry.
func newAttempt(r *registry.LastResult) Attempt {
	return Attempt{Time: r.Time, Code: r.Code, Stage: r.Stage, Message: r.Message, Silent: r.Silent}
}

// Failed reports an attempt that failed.
func (a *Attempt) Failed() bool { return a.Code != isdsc.Success }

// codeName returns the name of the code; empty: there was no attempt.
func (a *Attempt) codeName() string {
	if a.Time.IsZero() {
		return ""
	}
	return isdsc.Name(a.Code)
}
