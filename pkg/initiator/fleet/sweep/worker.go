package sweep

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// Defaults, and how long is waited.
const (
	DefaultTTL      = 15 * time.Second // of leases
	DefaultCapacity = 2                // of Config.Capacity
	MaxJobs         = 16               // that a host takes part in at a time

	patience  = 5 * time.Second // for the answer to one request
	firstWait = time.Second     // after a failure; doubled with each
	lastWait  = 30 * time.Second
)

// An Ask asks portals, each at most once, and yields a finding for each. It asks none before
// portals yields it, and ends what is under way within a second when ctx ends.
type Ask func(ctx context.Context, job *fleet.Job, portals iter.Seq[netip.AddrPort]) iter.Seq[fleet.Finding]

// A Config says how a host takes part in shared scans.
type Config struct {
	Client *clientv3.Client
	Keys   fleet.Keys
	Name   string // of this host, see fleet.CheckHost

	// Allow is what the host may be asked to scan: shards that lie within one of the prefixes.
	// At most fleet.MaxAllowed; empty: it takes no part.
	Allow []netip.Prefix

	// Capacity is how many shards are asked at a time, up to fleet.MaxCapacity. 0:
	// DefaultCapacity.
	Capacity int

	// Ask is called from a goroutine of its own for each shard.
	Ask Ask

	// TTL is after how long without a word from this host others ask its shards, rounded up to
	// seconds. 0: DefaultTTL; at most twice that.
	TTL time.Duration

	// Report is called, by one goroutine at a time, when what it tells has changed; nil: it is
	// not told.
	Report func(State)
}

// A State is how a Worker stands.
type State struct {
	Connected bool
	Jobs      int   // that the host takes part in
	Shards    int   // that were given to it, and whose results the Scan does not have yet
	Err       error // what failed last, and is tried again; nil: nothing
}

// A Worker takes part in shared scans.
type Worker struct {
	cfg   Config
	room  chan struct{} // as many as Capacity
	state State         // of the goroutine of Run
	first time.Duration
}

// New checks a Config. The error is a *fleet.NameError, or says what is missing.
func New(cfg Config) (*Worker, error) {
	if cfg.Client == nil || cfg.Keys == (fleet.Keys{}) || cfg.Ask == nil {
		return nil, errors.New("a shared scan needs a client of etcd, the keys of a fleet, and a way to ask portals")
	}
	if err := fleet.CheckHost(cfg.Name); err != nil {
		return nil, err
	}
	if len(cfg.Allow) > fleet.MaxAllowed {
		return nil, fmt.Errorf("a host allows shared scans of %d blocks, more than %d", len(cfg.Allow), fleet.MaxAllowed)
	}
	if cfg.Capacity < 0 || cfg.Capacity > fleet.MaxCapacity {
		return nil, fmt.Errorf("a host scans %d shards at a time, expected 1 to %d", cfg.Capacity, fleet.MaxCapacity)
	}
	if cfg.Capacity == 0 {
		cfg.Capacity = DefaultCapacity
	}
	if cfg.TTL <= 0 {
		cfg.TTL = DefaultTTL
	}
	cfg.TTL = min(cfg.TTL, blameGrace) // who was taken out of a job has stopped by then, also if it is cut off
	cfg.Allow = slices.Clone(cfg.Allow)
	for i, p := range cfg.Allow {
		cfg.Allow[i] = p.Masked()
	}
	return &Worker{cfg: cfg, room: make(chan struct{}, cfg.Capacity), first: firstWait}, nil
}

// Run takes part in scans until ctx ends. Then it stops asking and ends its lease, so that
// others get its shards at once.
func (w *Worker) Run(ctx context.Context) {
	if len(w.cfg.Allow) == 0 {
		<-ctx.Done()
		return
	}
	for wait := w.first; ctx.Err() == nil; wait = min(2*wait, lastWait) {
		began := time.Now()
		err := w.session(ctx)
		if ctx.Err() != nil {
			err = nil
		}
		w.report(func(s *State) { *s = State{Err: err} })
		if time.Since(began) > lastWait {
			wait = w.first
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

// session takes part under one lease.
func (w *Worker) session(ctx context.Context) error {
	l, living, err := begin(clientv3.WithRequireLeader(ctx), w.cfg.Client, w.cfg.TTL)
	if err != nil {
		return explain(w.cfg.Client, "take a lease for shared scans of", w.cfg.Keys.HostScans(w.cfg.Name), err)
	}
	s := &session{Worker: w, life: l, jobs: map[string]*work{}, ended: make(chan outcome), failed: map[string]bool{}}
	err = s.run(living)
	l.end(err)
	s.stop() // before the lease ends: nothing is asked then
	l.leave()
	if lease := (*LeaseError)(nil); errors.As(context.Cause(living), &lease) {
		err = lease
	}
	return err
}

// report changes the state and tells it.
func (w *Worker) report(f func(*State)) {
	was := w.state
	f(&w.state)
	is := w.state
	same := text(was.Err) == text(is.Err)
	was.Err, is.Err = nil, nil
	if w.cfg.Report != nil && (!same || was != is) {
		w.cfg.Report(w.state)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
