package main

import (
	"context"
	"errors"
	"syscall"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A tally counts what became of the portals.
type tally struct {
	portals *portals
	all     bool  // silent addresses are listed, too
	each    *each // nil: a portal has one result

	begun    int // portals of which there is a result
	answered int
	failed   int
	silent   int // addresses of blocks that could not be connected to

	open map[int]*outcome // addresses of blocks that have more results to come
}

// count takes the result with that index, and reports whether it is listed.
func (t *tally) count(index int, r *initiator.Result) bool {
	portal, sessions := index, 1
	if t.each != nil {
		s := t.each.session(index)
		portal, sessions = s.portal, s.of
	}
	t.begun = max(t.begun, portal+1)
	b := t.portals.block(portal)
	switch {
	case r.Err == nil:
		t.answered++
	case b == nil:
		t.failed++
	case isSilent(r):
		t.silent++
	default:
		t.failed++
	}
	if b == nil {
		return true
	}
	t.countAddress(b, portal, sessions, r)
	return t.all || r.Err == nil || !isSilent(r) && !errors.Is(r.Err, context.Canceled)
}

// An outcome is what the results of one address of a block come to.
type outcome struct {
	left             int // results to come
	answered, failed bool
	silence          error
}

// countAddress takes a result of an address of a block. The address counts once,
// by the best of its results; not at all where it was cancelled.
func (t *tally) countAddress(b *block, portal, sessions int, r *initiator.Result) {
	o := t.open[portal]
	if o == nil {
		o = &outcome{left: sessions}
	}
	switch {
	case r.Err == nil:
		o.answered = true
	case isSilent(r):
		o.silence = r.Err
	case !errors.Is(r.Err, context.Canceled):
		o.failed = true
	}
	if o.left--; o.left > 0 {
		if t.open == nil {
			t.open = make(map[int]*outcome)
		}
		t.open[portal] = o
		return
	}
	delete(t.open, portal)
	switch {
	case o.answered:
		b.answered++
	case o.failed:
		b.failed++
	case o.silence != nil:
		b.silence(o.silence)
	}
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
		return machine.StatusError(machine.ExitFailed)
	case t.failed > 0 || t.begun < t.portals.count:
		return machine.StatusError(machine.ExitPartly)
	}
	return nil
}
