package render

import (
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// An Output shows what a scan brings. Its methods are called by one goroutine;
// their errors are those of writing.
type Output interface {
	// Targets takes those of a batch, the moment that they were read. The batch is
	// valid during the call. An output that cannot take all stops the portal, and says
	// in the result of the batch, where it has one, why.
	Targets(b *initiator.Batch) error

	// HandOn has all written that was taken: nothing more is there to be taken
	// right now.
	HandOn() error

	// Portal takes the result of a portal that is listed.
	Portal(r *initiator.Result) error

	// Silent takes the result of a portal that is not.
	Silent(r *initiator.Result)

	// End takes the blocks of addresses when all is over.
	End(blocks []*sweep.Block) error
}

// Notes are what the outputs for people and for iscsiadm's heirs say on standard
// error: failures and warnings, in the right place between the results.
type Notes struct {
	Say   func(format string, args ...any)
	Flush func() error
	after int // portals that were not asked any more
}

// Portal says what is to be said about a result.
func (n *Notes) Portal(r *initiator.Result) error {
	if len(r.Warnings) == 0 && r.Err == nil {
		return nil
	}
	if err := n.Flush(); err != nil {
		return err
	}
	for _, w := range r.Warnings {
		if w.Code == initiator.WarnInitiatorName {
			continue // app.NoteName has said it
		}
		n.Say("warning: %s: %s", r.Asked.Portal, w.Message)
	}
	switch {
	case r.Err == nil:
	case sweep.NotBegun(r):
		n.after++
	default:
		n.Say("%s", r.Err)
	}
	return nil
}

// End sums up.
func (n *Notes) End(blocks []*sweep.Block) error {
	if err := n.Flush(); err != nil {
		return err
	}
	if n.after > 0 {
		n.Say("cancelled: %s not asked", wording.Plural(n.after, "portal was", "portals were"))
	}
	for _, b := range blocks {
		n.Say("%s", b.Summary())
	}
	return nil
}
