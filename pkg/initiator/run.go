package initiator

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/descriptors"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/feed"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/pace"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An Event is a [TargetFound] or a [PortalDone].
type Event interface{ event() }

// A TargetFound is a target, the moment that it was read. It stands even where
// its portal fails later. Targets at the same addresses may share the memory of
// these: they can be appended to, but not changed in place.
type TargetFound struct {
	Index  int // of the portal in the sequence, from 0
	Portal Portal
	Target target.Target
}

// A PortalDone is the end of a portal's discovery: the last event of it.
type PortalDone struct {
	Index  int // of the portal in the sequence, from 0
	Result Result
}

func (TargetFound) event() {}

func (PortalDone) event() {}

// A Result is what became of one portal.
type Result struct {
	Asked         SendTargetPortal // as asked for
	InitiatorName string

	Address       netip.AddrPort // connected to last; invalid: none
	Source        netip.Addr     // our address there; invalid: none
	InitiatorPort ports.Port     // the initiator port that has it; its Instance is empty where none is known
	Bound         bool           // the connection was bound to the port's interface, too

	// Targets are those that were read, also where Err is set, one for each name, in the order of the answer;
	// nil in the events of Run, which has handed them on before. Targets at the same addresses may share the
	// memory of these: they can be appended to, but not changed in place.
	Targets      []target.Target
	TargetsFound int // how many targets were read; a repeated name counts again in Run

	// Complete reports that the answer was read to its end and no target was left
	// out of it: a name that is not here is not at this portal. LeftOut counts the
	// targets that were left out since their names are harmful.
	Complete bool
	LeftOut  int

	IPsec ipsec.Plan     // under which it was asked
	Proof *enforce.Proof // of that; nil where the plan needs none
	// Auth is what happened of authentication on the last connection. Its Method is
	// CHAP or None, as agreed on; empty: the login did not come so far.
	Auth auth.Outcome

	Warnings  []Warning
	Redirects []Redirect    // in order
	Elapsed   time.Duration // from the start to the last target, without the time that the consumer took
	Phases    Phases        // of it

	// Only a Service sets these. Stored: the portal is in the registry, also where the discovery
	// failed. Changes are what differs from the answer that the registry had before, by the folded names of the
	// targets: nil where this one failed. Where it was not complete no target is in them as vanished.
	Stored  bool
	Changes []change.Change

	Err error // an *Error; nil: the portal answered

	omitted int // how many warnings the last one stands for, where it is a WarnMore
}

// Phases are the times that the phases of a discovery took, all tries and hops together,
// without the waits between tries; 0: it did not come so far.
type Phases struct{ Resolve, Secure, Connect, Login, Discover time.Duration }

// stage returns the stage whose time a phase is; nil: the time between two of them.
func (p *Phases) stage(phase *time.Duration) Stage {
	switch phase {
	case &p.Resolve:
		return StageResolve
	case &p.Secure:
		return StageSecure
	case &p.Connect:
		return StageConnect
	case &p.Login:
		return StageLogin
	case &p.Discover:
		return StageDiscover
	}
	return StageValidate
}

// A phaseClock adds up the times of phases, on the clock of the portal.
type phaseClock struct {
	Phases
	current *time.Duration // the phase under way; nil: none
	since   time.Duration  // when it began
}

// spent returns how much of the portal's time was spent. The watch under way must not be
// paused.
func (a *attempt) spent() time.Duration {
	if a.watch == nil {
		return a.elapsed
	}
	return a.elapsed + a.watch.Used()
}

// phase ends the phase under way and begins another; nil: none.
func (a *attempt) phase(next *time.Duration) {
	a.endPhase(next)
	a.comeTo(a.phases.stage(next))
}

// comeTo tells the caller of the run which stage the portal has come to.
func (a *attempt) comeTo(s Stage) {
	if f := a.d.Reached; f != nil {
		f(a.index, a.result.Asked.Portal, s)
	}
}

// endPhase adds up the time of the phase under way, and has another begin; nil: none.
func (a *attempt) endPhase(next *time.Duration) {
	now := a.spent()
	if c := a.phases.current; c != nil {
		*c += now - a.phases.since
	}
	a.phases.current, a.phases.since = next, now
}

// A Redirect is one hop that the login was sent on.
type Redirect struct {
	From, To  netip.AddrPort
	Status    pdu.Status
	Permanent bool // the portal ought to be entered at its new address
}

// errStopped ends an attempt whose caller has left the loop.
var errStopped = errors.New("the consumer went away")

// Run discovers the targets behind portals and yields what happens, as it
// happens: [TargetFound] for each target, and one [PortalDone] for each portal
// that was begun. It keeps no list: memory does not grow with the answers, nor
// with the number of portals. Up to d.Parallel portals are asked at once, and no
// portal is taken from the sequence before it can be.
//
// Time that the consumer takes does not count against a portal. When ctx ends,
// the portals under way end with its error and no more are begun. Leaving the
// loop cancels all that is under way and waits for it: no goroutine and no
// connection stays behind.
//
// The sequence is run in a goroutine of its own. If it panics, or calls
// [runtime.Goexit], so does the goroutine of the loop, with the same value and
// after all that is under way was cancelled. It may sleep: a loop that was left, or
// whose context has ended, waits for it 100 ms at most. After that the sequence is on
// its own until it yields, which tells it to stop; that goroutine stays behind so
// long, and what the sequence does in it, a panic included, is lost.
//
// Where one portal is asked at once, it is asked in the goroutine of the loop, and
// waits for it: also with its logout, which comes after its result. The sequence
// runs there, too, so the loop waits for it as long as it takes.
func (d *Discoverer) Run(ctx context.Context, portals iter.Seq[SendTargetPortal]) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		var k target.Keeper
		for b := range d.run(ctx, d.requests(portals), nil, d.parallel()) {
			for i := range b.Len() {
				if !yield(TargetFound{Index: b.Index, Portal: b.Portal, Target: k.Keep(&b.List, i)}) {
					return
				}
			}
			if b.Result != nil && !yield(PortalDone{Index: b.Index, Result: *b.Result}) {
				return
			}
		}
	}
}

// run is Batches, with that many portals at once. Where ahead is not nil the answers
// are collected, and it bounds how many are.
func (d *Discoverer) run(ctx context.Context, requests iter.Seq[*Request], ahead *feed.Ahead, parallel int) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		p := &pool{d: d, ctx: ctx, ahead: ahead, descriptors: descriptors.New(parallel), pacer: d.pacer.Limit(d.Rate)}
		if parallel == 1 && d.Connecting <= 0 {
			p.runInline(cancel, requests, yield)
			return
		}
		p.runWorkers(cancel, requests, parallel, yield)
	}
}

// A pool is what the attempts of one run share.
type pool struct {
	d           *Discoverer
	ctx         context.Context
	ahead       *feed.Ahead // bounds the answers that are collected; nil: none is
	delivery    delivery
	batches     batches
	descriptors *descriptors.Count
	pacer       *pace.Pacer
	set         *handshakeSet // of connections in progress; nil: each worker waits for its own
}

// ready has a value for each portal whose connection is there or has failed; nil: there
// are none.
func (p *pool) ready() <-chan struct{} {
	if p.set == nil {
		return nil
	}
	return p.set.Ready
}

// runInline asks one portal at a time in the caller's goroutine: no hand-over between
// goroutines, and what was read is still in the processor's cache when the caller's loop
// gets it.
func (p *pool) runInline(cancel context.CancelFunc, requests iter.Seq[*Request], yield func(*Batch) bool) {
	p.delivery = &inline{yield: yield, cancel: cancel, batches: &p.batches}
	a := newAttempt(p)
	defer a.close()
	if p.ctx.Err() != nil {
		return
	}
	index := 0
	for next := range requests {
		if p.ahead != nil && !p.ahead.Enter(p.ctx) {
			return
		}
		a.reset()
		a.request, a.index = *next, index
		index++
		if s := p.d.Stages; s != nil {
			s.Begun.Add(1)
		}
		if a.run(p.ctx); p.ctx.Err() != nil {
			return
		}
	}
}
