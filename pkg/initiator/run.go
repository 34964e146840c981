package initiator

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"sync"

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
		p := &pool{d: d, ctx: ctx, ahead: ahead, parallel: parallel, started: 1}
		p.descriptors.free = make(chan struct{}, parallel) // for each who may wait
		if parallel == 1 {
			defer cancel()
			p.alone(cancel, requests, yield)
			return
		}
		p.feed = newFeed(parallel)
		p.out, p.long, p.quit = make(chan *Batch, maxWaiting), make(chan struct{}, maxLong), make(chan struct{})
		defer func() {
			cancel()
			close(p.quit)
			for range p.out { // until nobody is there any more
			}
			p.feed.carry()
		}()
		go p.feed.run(ctx, cancel, requests)
		p.workers.Go(p.work)
		go func() {
			p.feed.watch(ctx)
			p.workers.Wait()
			close(p.out)
		}()
		for b := range p.out {
			if p.feed.broken.Load() || !yield(b) {
				return
			}
			p.shorten(b)
			p.batches.put(b)
		}
	}
}

// alone asks one portal after the other in the goroutine of the consumer: what was
// read is in the processor's memory still when he gets it, and nobody has to be woken.
func (p *pool) alone(cancel context.CancelFunc, requests iter.Seq[*Request], yield func(*Batch) bool) {
	gone := false
	p.near = func(b *Batch) bool {
		if gone = gone || !yield(b); gone {
			cancel()
			return false
		}
		p.batches.put(b)
		return true
	}
	a := newAttempt(p)
	defer a.close()
	if p.ctx.Err() != nil {
		return
	}
	for next := range requests {
		if p.ahead != nil && !p.ahead.enter(p.ctx) {
			return
		}
		a.reset()
		a.request, a.index = *next, p.taken
		p.taken++
		if a.run(p.ctx); p.ctx.Err() != nil {
			return
		}
	}
}

// maxWaiting is how many batches may wait for the consumer before a portal has to.
const maxWaiting = 32

// maxLong is how many of them may have more than a few targets.
const maxLong = 4

// A pool is one Run: goroutines that each take one portal after the other.
type pool struct {
	d        *Discoverer
	ctx      context.Context
	ahead    *ahead // bounds the answers that are collected; nil: none is
	parallel int    // portals at once

	near func(*Batch) bool // hands a batch to the consumer in his own goroutine; nil: out does
	out  chan *Batch
	long chan struct{} // one for each long batch in out
	quit chan struct{} // closed when nobody takes events any more

	batches     batches
	descriptors descriptors
	workers     sync.WaitGroup

	feed  *feed // nil: there is one worker, which runs the sequence
	taken int   // portals, where that is so

	mu      sync.Mutex // guards the following
	started int        // workers
}

// work asks portals until there are none. Each worker that finds one starts
// another, up to the limit, so that a few portals cost a few goroutines.
func (p *pool) work() {
	a := newAttempt(p)
	defer a.close()
	for {
		a.reset()
		var ok bool
		if a.index, ok = p.take(&a.request); !ok {
			return
		}
		a.run(p.ctx)
	}
}

// take copies the next portal to j and returns its index.
func (p *pool) take(j *Request) (index int, ok bool) {
	if p.ahead != nil && !p.ahead.enter(p.ctx) {
		return 0, false
	}
	if index, ok = p.feed.take(p.ctx, j); !ok {
		if p.ahead != nil {
			p.ahead.leave()
		}
		return 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started < p.parallel {
		p.started++
		p.workers.Go(p.work)
	}
	return index, true
}

// room returns how many more targets a batch may have before it is handed on.
func (p *pool) room(b *Batch) int {
	if p.near != nil {
		return max(maxNear-b.Len(), 0)
	}
	return max(maxBatch-b.Len(), 0)
}

// offer hands a batch to the consumer, unless there is no room before him, or he
// will take his time in this goroutine.
func (p *pool) offer(b *Batch) bool {
	if p.near != nil {
		return false
	}
	if b.isLong() {
		select {
		case p.long <- struct{}{}:
			b.long = true
		default:
			return false
		}
	}
	select {
	case p.out <- b:
		return true
	default:
		p.shorten(b)
		return false
	}
}

// emit hands a batch to the consumer, or fails when there is none any more.
func (p *pool) emit(b *Batch) error {
	if p.near != nil {
		if !p.near(b) {
			return errStopped
		}
		return nil
	}
	if b.isLong() {
		select {
		case p.long <- struct{}{}:
			b.long = true
		case <-p.quit:
			return errStopped
		}
	}
	select {
	case p.out <- b:
		return nil
	case <-p.quit:
		return errStopped
	}
}

// shorten gives back the room of a long batch.
func (p *pool) shorten(b *Batch) {
	if b.long {
		b.long = false
		<-p.long
	}
}
