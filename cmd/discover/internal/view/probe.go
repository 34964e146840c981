package view

import (
	"context"
	"iter"
	"sync"

	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// maxProbing is how many portals may wait for their probes, or for those of an
// earlier one, before the next has to.
const maxProbing = 1024

// probed shows batches with what probes found out. The targets of a portal are held
// until its probes are done; portals come in the order in which they were done.
func (v *Addresses) probed(ctx context.Context, all iter.Seq[*initiator.Batch]) iter.Seq[*initiator.Batch] {
	return func(yield func(*initiator.Batch) bool) {
		ctx, cancel := context.WithCancel(ctx)
		s := &probeStage{v: v, ctx: ctx, open: make(map[int]*heldPortal), queue: make(chan *heldPortal, maxProbing), quit: make(chan struct{})}
		s.less.L = &s.mu
		defer func() {
			cancel()
			s.end()
		}()
		s.running.Go(func() { s.read(all) })
		for p := range s.queue {
			<-p.done
			if !p.flush(yield) {
				return
			}
			s.free(p)
		}
	}
}

// A probeStage holds portals until their addresses were tried.
type probeStage struct {
	v       *Addresses
	ctx     context.Context
	open    map[int]*heldPortal // portals whose result has not come; of read alone
	queue   chan *heldPortal    // the others, in the order in which they came
	quit    chan struct{}       // closed when the consumer has left
	running sync.WaitGroup

	mu      sync.Mutex // guards the following
	less    sync.Cond  // something was freed, or it is over
	bytes   int64      // of targets that are held
	waiting int        // portals in queue, or taken from it and not freed
	over    bool
}

// A heldPortal is what came of one portal.
type heldPortal struct {
	*onePortal
	done chan struct{} // closed when its addresses were tried
}

// read takes batches, and has the addresses of each portal tried when its result is
// there.
func (s *probeStage) read(all iter.Seq[*initiator.Batch]) {
	defer close(s.queue)
	for b := range all {
		p := s.open[b.Index]
		if p == nil {
			p = &heldPortal{s.v.portal(b.Portal), make(chan struct{})}
			s.open[b.Index] = p
		}
		p.advertised.see(b)
		p.hold(b, s.reserve)
		if b.Result == nil {
			continue
		}
		delete(s.open, b.Index)
		s.collected(p, b.Result)
		s.running.Go(func() {
			defer close(p.done)
			p.probe(s.ctx)
		})
		select {
		case s.queue <- p:
		case <-s.quit:
			return
		}
	}
}

// collected counts a portal that waits for its probes, and the targets of its result:
// these are there already.
func (s *probeStage) collected(p *heldPortal, r *initiator.Result) {
	var n int64
	for i := range r.Targets {
		t := &r.Targets[i]
		n += render.TargetSize(len(t.Name)+len(t.Alias), t.Addresses)
	}
	fits := s.reserve(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !fits {
		s.bytes += n
	}
	p.bytes += n
	s.waiting++
}

// reserve takes n bytes of the room; false: there are not so many, and none to wait
// for.
func (s *probeStage) reserve(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.bytes+n > s.v.room && s.waiting > 0 && !s.over {
		s.less.Wait()
	}
	if s.bytes+n > s.v.room {
		return false
	}
	s.bytes += n
	return true
}

// free gives back what a portal took.
func (s *probeStage) free(p *heldPortal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= p.bytes
	s.waiting--
	s.less.Signal()
}

// end waits until the goroutines of the stage have ended.
func (s *probeStage) end() {
	s.mu.Lock()
	s.over = true
	s.less.Signal()
	s.mu.Unlock()
	close(s.quit)
	s.running.Wait()
}

// probe tries the addresses of the portal as they will be shown.
func (p *onePortal) probe(ctx context.Context) {
	p.learn(p.held)
	last := p.held[len(p.held)-1]
	p.reach = make(map[place]target.Reach)
	var all, room []target.Address
	add := func(addresses []target.Address) {
		room = p.v.places(room[:0], addresses, p.asked)
		for _, a := range room {
			at := place{a.Host, a.Port}
			if _, known := p.reach[at]; !known {
				p.reach[at] = target.NotProbed
				all = append(all, a)
			}
		}
	}
	for _, b := range p.held {
		var before []target.Address
		for i := range b.Len() {
			if a := b.Addresses(i); i == 0 || !render.SameMemory(a, before) {
				before = a
				add(a)
			}
		}
	}
	for i := range last.Result.Targets {
		add(last.Result.Targets[i].Addresses)
	}
	if len(all) == 0 {
		return
	}
	p.v.prober.Probe(ctx, last.Result, all)
	for _, a := range all {
		p.reach[place{a.Host, a.Port}] = a.Reach
	}
}
