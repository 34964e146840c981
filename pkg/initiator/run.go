package initiator

import (
	"context"
	"errors"
	"iter"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// errStopped ends an attempt whose events nobody takes any more.
var errStopped = errors.New("initiator: the consumer went away")

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
		var k keeper
		for b := range d.run(ctx, d.requests(portals), nil, d.parallel()) {
			for i := range b.entries {
				if !yield(TargetFound{Index: b.Index, Portal: b.Portal, Target: k.keep(b, i)}) {
					return
				}
			}
			if b.Result != nil && !yield(PortalDone{Index: b.Index, Result: *b.Result}) {
				return
			}
		}
	}
}

// A Request is a portal and all that decides how it is asked. A Discoverer makes one of
// each portal; a registry, or another program that knows more of its portals, makes its
// own and calls DiscoverRequests.
type Request struct {
	Portal SendTargetPortal // with its secrets
	Name   string           // iSCSI name of the initiator, where the initiator port has none of its own
	Ports  *ports.Selector  // nil: routing picks the source address

	// Security is what decides about IPsec beside the portal's own flags and
	// what exists.
	Security ipsec.Settings
	Policy   PolicyFunc // of the administrator; nil: none
	Key      KeyFunc
	Outer    OuterFunc

	// There returns the request for another portal, where a redirection leads: what is
	// defined for that portal may protect more. nil: nothing is known of it.
	There func(ctx context.Context, r Request, dst netip.AddrPort) (Request, error)

	// Err is why the portal cannot be asked; it becomes the result. An *Error.
	Err error
}

// requests makes requests of portals by what d says of all.
func (d *Discoverer) requests(portals iter.Seq[SendTargetPortal]) iter.Seq[*Request] {
	return func(yield func(*Request) bool) {
		j := Request{Ports: d.Ports, Key: d.Key, Outer: d.Outer}
		for j.Portal = range portals {
			j.Name = j.Portal.Login.nameOr(d.InitiatorName)
			if j.Err = nil; d.Rules != nil {
				d.Rules.Apply(d, &j)
			}
			if !yield(&j) {
				return
			}
		}
	}
}

// run is Batches, with that many portals at once. Where ahead is not nil the answers
// are collected, and it bounds how many are.
func (d *Discoverer) run(ctx context.Context, requests iter.Seq[*Request], ahead *ahead, parallel int) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		p := &pool{d: d, ctx: ctx, ahead: ahead}
		p.descriptors.free = make(chan struct{}, parallel) // for each worker that may wait
		if parallel == 1 {
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
	ahead       *ahead // bounds the answers that are collected; nil: none is
	delivery    delivery
	batches     batches
	descriptors descriptors
}

// A delivery hands batches to the consumer of a run.
type delivery interface {
	// room returns how many more targets a batch may have before it is handed on.
	room(b *Batch) int

	// offer hands a batch on if that takes no time, and reports whether it did.
	offer(b *Batch) bool

	// emit hands a batch on, or fails with errStopped when the consumer has left.
	emit(b *Batch) error
}
