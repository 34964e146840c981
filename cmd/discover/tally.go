package main

import (
	"context"
	"errors"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A tally counts what became of the portals.
type tally struct {
	portals *portals
	all     bool // silent addresses are listed, too

	begun    int // portals of which there is a result
	answered int
	failed   int
	silent   int // addresses of blocks that could not be connected to
}

// count takes the result of the portal with that index, and reports whether it
// is listed.
func (t *tally) count(index int, r *initiator.Result) bool {
	t.begun = max(t.begun, index+1)
	b := t.portals.block(index)
	switch {
	case r.Err == nil:
		t.answered++
		if b != nil {
			b.answered++
		}
	case b == nil:
		t.failed++
	case isSilent(r):
		t.silent++
		b.silence(r.Err)
		return t.all
	case errors.Is(r.Err, context.Canceled):
		t.failed++
		return t.all // and not among those that were asked
	default:
		t.failed++
		b.failed++
	}
	return true
}

// isSilent reports an address at which nobody was met.
func isSilent(r *initiator.Result) bool {
	var e *initiator.Error
	return errors.As(r.Err, &e) && e.Stage == initiator.StageConnect && len(r.Redirects) == 0 &&
		!errors.Is(r.Err, context.Canceled)
}

// maxReasons is how many reasons of silence are told apart.
const maxReasons = 16

// silence counts a silent address.
func (b *block) silence(err error) {
	b.silent++
	if b.why == nil {
		b.why = make(map[string]int)
	}
	why := silenceReason(err)
	if _, known := b.why[why]; !known && len(b.why) >= maxReasons {
		why = "other reasons"
	}
	b.why[why]++
}

// silenceReason returns what is not of that one address.
func silenceReason(err error) string {
	var (
		timeout *initiator.TimeoutError
		errno   syscall.Errno
	)
	switch {
	case errors.As(err, &timeout):
		return "no answer in time"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return "other reasons"
}

// notAsked returns how many addresses of the block a cancelled run left out.
func (b *block) notAsked() int { return b.count - b.answered - b.failed - b.silent }

// status returns the exit status.
func (t *tally) status() error {
	switch {
	case t.answered == 0:
		return statusError(exitFailed)
	case t.failed > 0 || t.begun < t.portals.count:
		return statusError(exitPartly)
	}
	return nil
}
