package host

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// explain returns the *etcd.Error for what failed; nil stays nil.
func (h *Host) explain(what, key string, err error) error {
	return etcd.ExplainFrom(h.cfg.Client, what, key, err)
}

// A TwinError is another host that publishes under the name of this one. Nothing is
// published until that one is gone.
type TwinError struct {
	Host string
	Key  string // in etcd, of the other one's record
	ID   string // of the other one's registry, as it was written; empty: it cannot be read
	Why  string // it counts as another one
}

func (e *TwinError) Error() string {
	id := ""
	if e.ID != "" {
		id = " (its registry is " + text.Quote([]byte(e.ID)) + ")"
	}
	return fmt.Sprintf("host name %s is taken in the fleet%s: %s in etcd was written by %s; give one of the two another name, or wait until its lease ends", e.Host, id, e.Key, e.Why)
}

// An UnlistedError is an answer of which readers know the number of targets alone.
type UnlistedError struct {
	Entry  fleet.Entry // where it was seen
	Others int         // entries of which the answers are not published either
	Err    error       // why: a *fleet.TooLargeError or *fleet.UnfitError, or there is no room for it
}

func (e *UnlistedError) Error() string {
	others := ""
	if e.Others > 0 {
		others = fmt.Sprintf(" (nor that of %d others)", e.Others)
	}
	return fmt.Sprintf("the list of targets at %s is not published%s, only how many there are: %v", e.Entry.Portal, others, e.Err)
}

// Unwrap returns why.
func (e *UnlistedError) Unwrap() error { return e.Err }

// A LeaseError is a lease that ended, or whose keys were changed by someone else, while it
// was in use. All is written again under a new one.
type LeaseError struct{ Why string }

func (e *LeaseError) Error() string { return "lease in etcd: " + e.Why }

// Retryable reports true, for initiator.Retryable: the next connection has another lease.
func (e *LeaseError) Retryable() bool { return true }
