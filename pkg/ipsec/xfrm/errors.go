package xfrm

import (
	"errors"
	"fmt"
	"io/fs"
)

// A HoldError is a socket that could not be held. It was not connected.
type HoldError struct{ Err error }

func (e *HoldError) Error() string {
	text := "no socket can be bound to security associations: " + e.Err.Error()
	if errors.Is(e.Err, fs.ErrPermission) {
		text += "; this needs CAP_NET_ADMIN"
	}
	return text
}

// Unwrap returns why.
func (e *HoldError) Unwrap() error { return e.Err }

// A NoAssociationError is a connection for which there are no security
// associations that its hold accepts. Nothing left.
type NoAssociationError struct {
	Hold Hold
	Err  error // what the kernel said, or why it was not waited for longer
}

func (e *NoAssociationError) Error() string {
	return fmt.Sprintf("there is no security association that the connection may use (%s), so nothing was sent: %v", e.Hold, e.Err)
}

// Unwrap returns what the kernel said, or why it was not waited for longer.
func (e *NoAssociationError) Unwrap() error { return e.Err }

// A BlockedError is a connection that a policy of the kernel forbids.
type BlockedError struct {
	Policy string
	Err    error // what the kernel said; nil: it was not tried
}

func (e *BlockedError) Error() string {
	return e.Policy + " blocks the connection"
}

// Unwrap returns what the kernel said.
func (e *BlockedError) Unwrap() error { return e.Err }
