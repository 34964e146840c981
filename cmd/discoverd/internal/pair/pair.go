package pair

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// How long a member waits.
const (
	DefaultTTL = 15 * time.Second // of Config.TTL

	firstWait = time.Second // after a failure; doubled with each
	lastWait  = 15 * time.Second
)

// A Config says of what registry a Pair is.
type Config struct {
	Client *clientv3.Client
	Prefix string // of the registry, which ends in a slash
	Name   string // of this member, for the others' lines: the host

	// TTL is after how long without a word from the active member another one is active,
	// rounded up to seconds; 0: DefaultTTL. etcd may make it longer.
	TTL time.Duration

	// Readable returns why the registry cannot be read and nothing of it is remembered; nil
	// otherwise. A member whose user's roles do not permit that leaves the seat to others.
	// nil: it is not asked.
	Readable func(context.Context) error

	// Report is called from the goroutine of Run when what it tells has changed.
	Report func(State)
}

// A State is how a member stands.
type State struct {
	Active bool      // it asks the portals
	Since  time.Time // of being active or not; zero: Run has not begun
	Other  string    // the member that is active instead, by its own name; empty: not known
	Err    error     // why the seat in the election is not kept; nil: it is
}

// A Pair is a member of a pair.
type Pair struct {
	cfg   Config
	state State

	refused bool // it may not read the registry, as far as is known

	end   context.CancelFunc // of the work; nil: it does not run
	ended chan struct{}
}

// New returns a member that does nothing until Run.
func New(cfg Config) *Pair {
	if cfg.TTL <= 0 {
		cfg.TTL = DefaultTTL
	}
	return &Pair{cfg: cfg}
}

// leaderName is what stands between the prefix of the registry and the candidates' keys.
const leaderName = "leader/"

// Run runs work while this member is the active one, until ctx ends; then its place is free
// at once. A member that is cut off from etcd keeps working, since nobody tells it that
// another one is active; it stops as soon as it learns that.
func (p *Pair) Run(ctx context.Context, work func(context.Context)) {
	p.report(func(s *State) { s.Since = time.Now() })
	defer p.stop()
	for pause := firstWait; ctx.Err() == nil; pause = min(2*pause, lastWait) {
		sat, err := p.sit(ctx, work)
		if ctx.Err() != nil {
			return
		}
		if p.report(func(s *State) { s.Err = err }); sat {
			pause = firstWait
		}
		wait(ctx, pause/2+rand.N(pause/2))
	}
}

// sit takes a seat and keeps it until its lease ends or ctx does. It reports whether it had
// one, and why not any more.
func (p *Pair) sit(ctx context.Context, work func(context.Context)) (sat bool, err error) {
	if p.refused { // it takes no seat, for others would take it for the one that asks
		if err := p.denied(ctx); err != nil {
			return false, err
		}
	}
	leased, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	seat, err := etcd.Sit(leased, p.cfg.Client, p.cfg.Prefix+leaderName, p.cfg.Name, p.cfg.TTL, func(e *etcd.SeatError) { cancel(e) })
	if seat != nil {
		defer seat.Leave()
	}
	if err != nil {
		return false, err
	}
	for {
		leading, err := seat.Ahead(leased)
		if err != nil {
			return true, cause(leased, err)
		}
		if leading == nil {
			break
		}
		p.stop()
		p.report(func(s *State) { s.standBy(leading.Name) })
		if err := seat.AwaitGone(leased, leading); err != nil {
			return true, cause(leased, err)
		}
	}
	if err := p.denied(leased); err != nil {
		return false, err
	}
	p.start(ctx, work)
	p.report(func(s *State) { s.activate() })
	<-leased.Done()
	if ctx.Err() != nil {
		p.stop() // before the seat is free
	}
	return true, cause(leased, nil)
}

// denied returns why a member that does not work yet must not begin: it may not read the
// registry, so it would ask nothing, and keep a member that may read it from asking.
func (p *Pair) denied(ctx context.Context) error {
	if p.end != nil || p.cfg.Readable == nil {
		return nil
	}
	err := p.cfg.Readable(ctx)
	var e *etcd.Error
	if p.refused = errors.As(err, &e) && e.State == etcd.Denied; !p.refused {
		return nil
	}
	p.report(func(s *State) { s.Other, s.Err = "", err })
	return err
}

// cause is why a seat is not kept.
func cause(leased context.Context, err error) error {
	if leased.Err() != nil {
		return context.Cause(leased)
	}
	return err
}

// start has the work run, if it does not yet.
func (p *Pair) start(ctx context.Context, work func(context.Context)) {
	if p.end != nil {
		return
	}
	ctx, p.end = context.WithCancel(ctx)
	p.ended = make(chan struct{})
	go func() {
		defer close(p.ended)
		work(ctx)
	}()
}

// stop ends the work, and returns when it has ended.
func (p *Pair) stop() {
	if p.end != nil {
		p.end()
		<-p.ended
		p.end = nil
	}
}

// report changes the state and tells it where it is another one.
func (p *Pair) report(f func(*State)) {
	was := p.state
	f(&p.state)
	is := p.state
	same := text(was.Err) == text(is.Err)
	if was.Err, is.Err = nil, nil; !same || was != is {
		p.cfg.Report(p.state)
	}
}

func (s *State) standBy(other string) {
	if s.Active {
		s.Since = time.Now()
	}
	s.Active, s.Other, s.Err = false, other, nil
}

func (s *State) activate() {
	if !s.Active {
		s.Since = time.Now()
	}
	s.Active, s.Other, s.Err = true, "", nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
