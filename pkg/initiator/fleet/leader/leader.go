package leader

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// How long the leader waits, and keeps what it has.
const (
	DefaultEvery = time.Minute         // of Config.Every
	DefaultTTL   = 15 * time.Second    // of Config.TTL
	KeepAnswer   = 24 * time.Hour      // after the last path has named it
	KeepHost     = 30 * 24 * time.Hour // after it fell silent

	patience  = 5 * time.Second // for the answer to one request
	firstWait = time.Second     // after a failure; doubled with each
	lastWait  = 30 * time.Second
)

// A Config says who leads which fleet.
type Config struct {
	Client *clientv3.Client
	Keys   fleet.Keys
	Name   string // of this host, see fleet.CheckHost

	// Every is the interval at which hosts ask portals: a host has two of them to deliver an
	// answer. 0: DefaultEvery.
	Every time.Duration

	// TTL is after how long without a word from this host another one leads, rounded up to
	// seconds. 0: DefaultTTL. etcd may make it longer.
	TTL time.Duration

	// Reader follows the fleet; its Run is the caller's. nil: this host has one of its own
	// while it leads.
	Reader *view.Reader

	// Report is called from the goroutine of Run when what it tells has changed; nil: it is
	// not told.
	Report func(State)
}

// A State is how a candidate stands.
type State struct {
	Leading bool      // false: another host leads, or none can
	Since   time.Time // of leading or not; zero: Run has not begun
	Err     error     // what failed last, and is tried again; nil: nothing
	Copied  int       // answers that all can read
	Asked   int       // answers that hosts were asked for just now
	Lacking int       // answers that paths name and no reader can read yet, those asked for included
}

// A Leader is a candidate for leading a fleet, and leads it when it is elected.
type Leader struct {
	cfg       Config
	state     State
	forget    time.Duration
	keep      time.Duration
	grace     time.Duration // until a host that did not deliver is gone, or lies
	firstWait time.Duration
}

// New checks a Config. The error is a *fleet.NameError, or says what is missing.
func New(cfg Config) (*Leader, error) {
	if cfg.Client == nil || cfg.Keys == (fleet.Keys{}) {
		return nil, errors.New("a leader needs a client of etcd and the keys of a fleet")
	}
	if err := fleet.CheckHost(cfg.Name); err != nil {
		return nil, err
	}
	if cfg.Every <= 0 {
		cfg.Every = DefaultEvery
	}
	if cfg.TTL <= 0 {
		cfg.TTL = DefaultTTL
	}
	return &Leader{cfg: cfg, forget: KeepHost, keep: KeepAnswer, grace: max(2*cfg.Every, 15*time.Second), firstWait: firstWait}, nil
}

// Run is a candidate, and leads when it is elected, until ctx ends. Then it gives its lease
// back, so that another host leads at once; that takes some seconds at most.
func (l *Leader) Run(ctx context.Context) {
	l.report(func(s *State) { s.Since = time.Now() })
	for wait := l.firstWait; ctx.Err() == nil; wait = min(2*wait, lastWait) {
		led, err := l.candidate(ctx)
		if led {
			wait = l.firstWait
		}
		l.report(func(s *State) {
			if s.Leading {
				*s = State{Since: time.Now()}
			}
			s.Err = err
		})
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

// report changes the state and tells it where it is another one.
func (l *Leader) report(f func(*State)) {
	was := l.state
	f(&l.state)
	is := l.state
	same := text(was.Err) == text(is.Err)
	was.Err, is.Err = nil, nil
	if l.cfg.Report != nil && (!same || was != is) {
		l.cfg.Report(l.state)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A DeposedError is a leadership that ended: the host's lease did, or its key was taken away.
type DeposedError struct{ Why string }

func (e *DeposedError) Error() string { return "this host leads the fleet no longer: " + e.Why }

// explain says what failed, and at which key.
func (l *Leader) explain(what, key string, err error) error {
	if deposed := (*DeposedError)(nil); errors.As(err, &deposed) {
		return err
	}
	return etcd.ExplainFrom(l.cfg.Client, what, key, err)
}
