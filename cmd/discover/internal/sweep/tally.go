package sweep

import (
	"context"
	"errors"
	"syscall"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A Tally counts what became of the portals.
type Tally struct {
	Portals  *Portals
	All      bool      // Silent addresses are listed, too
	Sessions *Sessions // nil: a portal has one result

	Begun    int // Portals of which there is a result
	answered int
	failed   int
	Silent   int // addresses of blocks that could not be connected to

	Open map[int]*outcome // addresses of blocks that have more results to come
}

// Count takes the result with that index, and reports whether it is listed.
func (t *Tally) Count(index int, r *initiator.Result) bool {
	session := t.Sessions.Session(index)
	portal := session.portal
	t.Begun = max(t.Begun, portal+1)
	b := t.Portals.Block(portal)
	switch {
	case r.Err == nil:
		t.answered++
	case b == nil:
		t.failed++
	case isSilent(r):
		t.Silent++
	default:
		t.failed++
	}
	if b == nil {
		return true
	}
	t.countAddress(b, session, r)
	return t.All || r.Err == nil || !isSilent(r) && !errors.Is(r.Err, context.Canceled)
}

// An outcome is what the results of one address of a block come to.
type outcome struct {
	left             int // results to come
	answered, failed bool
	silence          error
}

// countAddress takes a result of an address of a block. The address counts once,
// by the best of its results; not at all where it was cancelled.
func (t *Tally) countAddress(b *Block, session Session, r *initiator.Result) {
	portal := session.portal
	o := t.Open[portal]
	if o == nil {
		o = &outcome{left: session.of}
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
		if t.Open == nil {
			t.Open = make(map[int]*outcome)
		}
		t.Open[portal] = o
		return
	}
	delete(t.Open, portal)
	switch {
	case o.answered:
		b.Answered++
	case o.failed:
		b.Failed++
	case o.silence != nil:
		b.silence(o.silence)
	}
}

// isSilent reports an address to which there was no connection.
func isSilent(r *initiator.Result) bool {
	var e *initiator.Error
	return errors.As(r.Err, &e) && e.Stage == initiator.StageConnect && len(r.Redirects) == 0 &&
		!errors.Is(r.Err, context.Canceled)
}

// maxReasons is how many reasons of silence are told apart.
const maxReasons = 16

// silence counts a silent address.
func (b *Block) silence(err error) {
	b.Silent++
	if b.Why == nil {
		b.Why = make(map[string]int)
	}
	why := silenceReason(err)
	if _, known := b.Why[why]; !known && len(b.Why) >= maxReasons {
		why = "other reasons"
	}
	b.Why[why]++
}

// silenceReason returns the reason without the address in it, so that equal reasons
// count as one.
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

// NotAsked returns how many addresses of the block a cancelled run left out.
func (b *Block) NotAsked() int { return b.Count - b.Answered - b.Failed - b.Silent }

// Status returns the exit status.
func (t *Tally) Status() error {
	switch {
	case t.answered == 0:
		return machine.StatusError(machine.ExitFailed)
	case t.failed > 0 || t.Begun < t.Portals.Count:
		return machine.StatusError(machine.ExitPartly)
	}
	return nil
}
