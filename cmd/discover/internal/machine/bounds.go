package machine

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// Bounds are what a run may hold in memory of the answers of portals, in bytes.
// docs/cli.md and docs/security.md name them.
type Bounds struct {
	// Collected is for the portal whose turn it is, where its targets are collected
	// before they are shown.
	Collected int64

	// Waiting is for all portals whose turn has not come, where results are in the order
	// of the portals; and for failed ones that are shown at the end.
	Waiting int64

	// Viewed is for the targets of all portals that wait until it is known how their
	// addresses are shown.
	Viewed int64

	// Service is for the results of the registry's verbs, which are values, and wait
	// for their turn in the library.
	Service int64

	// Text is the longest answer, in its own bytes, where it is not streamed line by
	// line: what was read of it has to be shown soon after the end.
	Text int64
}

// UsualBounds are those outside tests.
func UsualBounds() Bounds {
	return Bounds{Collected: 64 << 20, Waiting: 32 << 20, Viewed: 48 << 20, Service: 72 << 20, Text: 96 << 20}
}

// Overfull makes r, which may say that all went well, the result of a portal of which
// there was too much.
func Overfull(r *initiator.Result, why error, hint string) {
	if limit := (*initiator.LimitError)(nil); errors.As(r.Err, &limit) && !errors.Is(r.Err, why) {
		return // of the library, and came first
	}
	r.Err = &initiator.Error{
		Stage: initiator.StageDiscover, Portal: r.Portal.Portal, Address: r.Address, Source: r.Source,
		Err: why, Hint: hint,
	}
	r.Complete = false
}
