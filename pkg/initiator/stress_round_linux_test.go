package initiator_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
)

// How the program gets its results in a round.
type stressAPI int

const (
	viaRun stressAPI = iota
	viaBatches
	viaDiscoverAll // in the order of the sequence
)

// How a round ends.
type stressEnding int

const (
	readOn         stressEnding = iota // the loop is read to its end
	breakLoop                          // at an event
	panicInLoop                        // at an event
	goexitInLoop                       // at an event
	cancelInLoop                       // at an event
	cancelSequence                     // before a portal is yielded
	cancelSometime                     // from another goroutine
	cancelEndless                      // when all have a result that will have one by themselves
)

func (e stressEnding) String() string {
	return [...]string{"read on", "break", "panic", "Goexit", "cancel in the loop", "cancel in the sequence", "cancel sometime", "cancel when only the endless are left"}[e]
}

// A stressRound is what a seed draws.
type stressRound struct {
	d       *initiator.Discoverer
	portals []*stressPortal
	runs    int // at once
	api     stressAPI
	ending  stressEnding
	at      int           // the event, or the portal, at which it ends, from 1
	after   time.Duration // of cancelSometime
	rest    time.Duration // that the sequence waits before its portal restAt
	restAt  int
	resting chan struct{} // has a value for each sequence, which may go on for so long when the loop was left

	// hasty: limits are short, so that endless portals fail. Else there are none to speak
	// of: what fails then would fail on any machine, however slow.
	hasty bool
	real  bool // time passes also while the process does not get the processor
}

// newStressRound draws a round.
func newStressRound(rng *rand.Rand, place stressPlace) *stressRound {
	d := scene.NewDiscoverer()
	r := &stressRound{d: d, runs: 1, hasty: place.few() || rng.IntN(5) < 2, real: place.real()}
	d.Stages = new(initiator.Stages)
	d.Parallel = pick(rng, 1, 1, 2, 3, 8, 64)
	d.Connecting = pick(rng, -1, 0, 0, 1, 2, 5, 64)
	d.Rate = pick(rng, 0, 0, 0, 200, 2000)
	d.Retries = pick(rng, 0, 0, 0, 1, 2)
	if place.few() {
		d.Parallel, d.Connecting = pick(rng, 4, 8, 64), pick(rng, -1, 0, 5, 64)
	}
	d.Timeout = time.Hour
	limit := func() time.Duration { return pick(rng, 0, time.Hour) }
	if r.hasty {
		d.Timeout = time.Duration(200+rng.IntN(600)) * time.Millisecond
		limit = func() time.Duration { return pick(rng, 0, time.Duration(60+rng.IntN(200))*time.Millisecond) }
	}
	d.ConnectTimeout, d.LoginTimeout, d.ResponseTimeout = limit(), limit(), limit()
	if rng.IntN(5) == 0 && !place.few() { // a run knows of its own descriptors alone
		r.runs = 2
	}
	r.resting = make(chan struct{}, r.runs)
	r.draw(rng, place)
	names := make(map[string][]netip.Addr)
	for _, p := range r.portals {
		names[p.host] = p.addrs
	}
	d.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		if addrs := names[host]; len(addrs) > 0 {
			return addrs, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	r.drawEnding(rng)
	return r
}

// draw draws the portals.
func (r *stressRound) draw(rng *rand.Rand, place stressPlace) {
	mutes, silents := r.endless()
	maker := &stressMaker{rng: rng, place: place}
	late := 1
	if r.outside() {
		late = 4
	}
	n := pick(rng, 1, 1+rng.IntN(8), 1+rng.IntN(8), 10+rng.IntN(20), 80)
	if place.few() {
		n = max(n, 20)
	}
	if n > 8 && r.real {
		r.d.Retries = 0 // which take real time
	}
	for i := range n {
		var p *stressPortal
		switch n := rng.IntN(22); {
		case n < 2 && mutes > 0:
			mutes--
			p = maker.mute(i)
		case n < 4 && silents > 0:
			silents--
			p = maker.silent()
		case n < 6 && late > 0 && !r.hasty && !place.few():
			late--
			p = maker.late(i)
		case n < 9 && i > 0:
			if same := r.portals[rng.IntN(i)]; !same.endless {
				p = new(*same)
			}
		case n < 15:
			p = maker.fails(i)
		}
		if p == nil {
			p = maker.lives(i)
		}
		r.portals = append(r.portals, p)
	}
	rng.Shuffle(len(r.portals), func(i, j int) { r.portals[i], r.portals[j] = r.portals[j], r.portals[i] })
}

// outside reports whether connections that take longer wait outside of the sessions.
func (r *stressRound) outside() bool {
	return r.real && r.d.Connecting >= 0 && (r.d.Parallel > 1 || r.d.Connecting > 0)
}

// endless returns how many endless portals there may be: those that hold a place of a
// session, and those that hold one of a connection. Where nothing ends them, the others
// need a place.
func (r *stressRound) endless() (mutes, silents int) {
	d := r.d
	if r.hasty {
		return min(d.Parallel, 3), 3
	}
	sessions := d.Parallel - 1
	if r.outside() {
		silents = 4
		if d.Connecting > 0 {
			silents = min(silents, d.Connecting-1)
		}
		return min(sessions, 4), silents
	}
	silents = min(sessions/2, 4)
	return min(sessions-silents, 4), silents
}

// drawEnding draws how the results are read and how the round ends.
func (r *stressRound) drawEnding(rng *rand.Rand) {
	r.api = pick(rng, viaRun, viaRun, viaBatches, viaDiscoverAll)
	r.ending = pick(rng, readOn, readOn, readOn, breakLoop, panicInLoop, goexitInLoop, cancelInLoop, cancelSequence, cancelSometime)
	r.after = time.Duration(rng.IntN(60)) * time.Millisecond
	r.at = 1 + rng.IntN(len(r.portals))
	r.rest, r.restAt = pick(rng, 0, 0, time.Duration(rng.IntN(400))*time.Millisecond), rng.IntN(len(r.portals))
	if rng.IntN(2) == 0 {
		r.restAt = max(r.restAt, slices.IndexFunc(r.portals, func(p *stressPortal) bool { return p.endless }))
	}
	if r.hasty {
		return
	}
	come := r.finite() // results that come
	if r.api == viaDiscoverAll {
		for come = 0; come < len(r.portals) && !r.portals[come].endless; come++ {
		}
	}
	if come == len(r.portals) {
		return
	}
	switch {
	case come == 0, r.ending == cancelSequence: // the sequence may not be asked so far
		r.ending = cancelSometime
	case r.ending == readOn && r.api == viaDiscoverAll:
		r.ending = cancelSometime
	case r.ending == readOn:
		r.ending = cancelEndless
	default:
		r.at = min(r.at, come)
	}
}

// finite returns how many portals have a result by themselves.
func (r *stressRound) finite() (n int) {
	for _, p := range r.portals {
		if !p.endless {
			n++
		}
	}
	return n
}

// pick returns one of values.
func pick[T any](rng *rand.Rand, values ...T) T { return values[rng.IntN(len(values))] }

func (r *stressRound) String() string {
	var b strings.Builder
	d := r.d
	fmt.Fprintf(&b, "%d at once, by %s: %s at %d, after %s; a rest of %s at %d; hasty %t; Parallel %d, Connecting %d, Rate %d, Retries %d, Timeout %s, %s, %s, %s\n", r.runs,
		[...]string{"Run", "Batches", "DiscoverAll"}[r.api], r.ending, r.at, r.after, r.rest, r.restAt, r.hasty,
		d.Parallel, d.Connecting, d.Rate, d.Retries, d.Timeout, d.ConnectTimeout, d.LoginTimeout, d.ResponseTimeout)
	for i, p := range r.portals {
		fmt.Fprintf(&b, "\t%d: %s, %s:%d, %d targets\n", i, p.kind, p.host, p.port, len(p.names))
	}
	return b.String()
}
