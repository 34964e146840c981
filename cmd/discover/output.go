package main

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// An output shows what a scan brings. Its methods are called by one goroutine;
// their errors are those of writing.
type output interface {
	// targets takes those of a batch, the moment that they were read. The batch is
	// valid during the call. An output that cannot take all stops the portal, and says
	// in the result of the batch, where it has one, why.
	targets(b *initiator.Batch) error

	// handOn has all written that was taken: nothing more is there to be taken
	// right now.
	handOn() error

	// portal takes the result of a portal that is listed.
	portal(r *initiator.Result) error

	// silent takes the result of a portal that is not.
	silent(r *initiator.Result)

	// end takes the blocks of addresses when all is over.
	end(blocks []*block) error
}

// newOutput returns the output of a format. notes takes lines for people that
// are no results; before each of them, flush has what was written seen.
func (c *command) newOutput(w *stream) output {
	names := &machine.InterfaceNames{List: c.Interfaces}
	notes := &notes{say: c.say, flush: w.Flush}
	switch c.global.output {
	case formatJSON:
		return newJSONOutput(w, names, c.Room.Collected)
	case formatJSONL:
		return newJSONLOutput(w, names)
	case formatISCSIADM:
		return newISCSIADMOutput(w, notes)
	}
	return newTableOutput(w, notes, askedAs{c})
}

// notes are what the outputs for people and for iscsiadm's heirs say on standard
// error: failures and warnings, in the right place between the results.
type notes struct {
	say   func(format string, args ...any)
	flush func() error
	after int // portals that were not asked any more
}

// portal says what is to be said about a result.
func (n *notes) portal(r *initiator.Result) error {
	if len(r.Warnings) == 0 && r.Err == nil {
		return nil
	}
	if err := n.flush(); err != nil {
		return err
	}
	for _, w := range r.Warnings {
		if w.Code == initiator.WarnInitiatorName {
			continue // noteName has said it
		}
		n.say("warning: %s: %s", r.Portal.Portal, w.Message)
	}
	switch {
	case r.Err == nil:
	case notBegun(r):
		n.after++
	default:
		n.say("%s", machine.WithoutPackage(r.Err))
	}
	return nil
}

// end sums up.
func (n *notes) end(blocks []*block) error {
	if err := n.flush(); err != nil {
		return err
	}
	if n.after > 0 {
		n.say("cancelled: %s not asked any more", plural(n.after, "portal was", "portals were"))
	}
	for _, b := range blocks {
		n.say("%s", b.summary())
	}
	return nil
}

// notBegun reports a portal that a cancelled run left out.
func notBegun(r *initiator.Result) bool {
	var e *initiator.Error
	return errors.Is(r.Err, context.Canceled) && errors.As(r.Err, &e) && e.Stage == initiator.StageValidate
}
