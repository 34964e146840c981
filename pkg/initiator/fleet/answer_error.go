package fleet

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// A TooLargeError is an answer that is too large to be published.
type TooLargeError struct {
	Targets   int // of it
	Addresses int // of one target; 0: they are not at fault
	Bytes     int // as it is written; 0: they are not at fault
}

func (e *TooLargeError) Error() string {
	switch {
	case e.Addresses > 0:
		return fmt.Sprintf("a target has %d addresses, and an answer is published with at most %d of each", e.Addresses, MaxAddresses)
	case e.Bytes > 0:
		return fmt.Sprintf("%d targets take %d bytes, and an answer is published up to %d bytes", e.Targets, e.Bytes, MaxAnswerLen)
	}
	return fmt.Sprintf("%d targets, and an answer is published up to %d targets", e.Targets, MaxTargets)
}

// A LieError is an answer in etcd that is not what it says it is.
type LieError struct {
	Digest Digest // that it was to have
	Why    string
	Cut    bool // what is there is its beginning, as far as can be told: parts may be missing
}

func (e *LieError) Error() string { return fmt.Sprintf("answer %.12s… in etcd: %s", e.Digest, e.Why) }

// An UnfitError is an answer that no reader would take, since a target in it cannot be. It is
// not published.
type UnfitError struct {
	Target string // its name, bounded
	Why    string
}

func newUnfitError(target, why string) *UnfitError {
	return &UnfitError{Target: text.Cut(target, 2*MaxFleetName), Why: why}
}

func (e *UnfitError) Error() string {
	return fmt.Sprintf("target %s in the answer: %s", text.Quote([]byte(e.Target)), e.Why)
}
