package fleetmember

import (
	"context"
	"sync"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/settle"
)

// settleAgain is how soon a registry is tried again that could not be changed.
const settleAgain = 30 * time.Second

// maxSaid is how many faults of the fleet's configuration are said at once.
const maxSaid = 10

// A settler has the registry be as the fleet wants it.
type settler struct {
	*Member
	knock chan struct{}

	mu      sync.Mutex // guards the following
	wanted  *host.Wanted
	entries settle.Entries
	said    map[string]bool // faults
}

func newSettler(m *Member) *settler {
	return &settler{Member: m, knock: make(chan struct{}, 1), said: make(map[string]bool)}
}

// want takes what the fleet wants now.
func (s *settler) want(w *host.Wanted) {
	s.mu.Lock()
	s.wanted = w
	s.mu.Unlock()
	s.again()
}

// again has the registry compared once more.
func (s *settler) again() {
	select {
	case s.knock <- struct{}{}:
	default:
	}
}

// fromFleet reports an entry that the fleet made.
func (s *settler) fromFleet(k initiator.Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries.Has(k)
}

// run settles what is wanted until ctx ends. Before the fleet was heard, what it made
// earlier is known from the registry.
func (s *settler) run(ctx context.Context) {
	if e, err := settle.EntriesOf(ctx, s.cfg.Service, s.cfg.Fleet); err == nil {
		s.mu.Lock()
		s.entries = e
		s.mu.Unlock()
	}
	var retry <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.knock:
		case <-retry:
		}
		retry = nil
		if err := s.settle(ctx); err != nil && ctx.Err() == nil {
			retry = time.After(settleAgain)
		}
	}
}

// settle compares the registry with what is wanted, and changes it.
func (s *settler) settle(ctx context.Context) error {
	s.mu.Lock()
	w := s.wanted
	s.mu.Unlock()
	if w == nil {
		return nil
	}
	r, err := settle.Apply(ctx, s.cfg.Service, s.cfg.Fleet, w, s.cfg.Host, s.cfg.Own...)
	if ctx.Err() != nil {
		return err
	}
	s.Member.mu.Lock()
	before := errorText(s.state.Settled)
	s.state.Changed += r.Changed
	s.state.Kept, s.state.Refused, s.state.Settled = r.Kept, len(r.Faults), err
	s.Member.mu.Unlock()
	if err == nil {
		s.mu.Lock()
		s.entries = r.Entries
		s.mu.Unlock()
	}
	if text := errorText(err); text != "" && text != before {
		s.cfg.Say("the registry is not as the fleet %s wants it: %s; it is tried again", s.cfg.Fleet, text)
	}
	s.sayFaults(r.Faults)
	if r.Changed > 0 {
		s.cfg.Log.Info("fleet settled", "changed", r.Changed, "kept", r.Kept, "faults", len(r.Faults))
		s.cfg.Changed()
	}
	return err
}

// sayFaults says the faults that were not said yet.
func (s *settler) sayFaults(all []host.Fault) {
	now := make(map[string]bool)
	n, more := 0, 0
	for _, f := range all {
		text := f.Error()
		now[text] = true
		switch {
		case s.said[text]:
		case n == maxSaid:
			more++
		default:
			n++
			s.cfg.Say("warning: the configuration of the fleet %s: %s", s.cfg.Fleet, text)
		}
	}
	if more > 0 {
		s.cfg.Say("warning: the configuration of the fleet %s: %d further records are not used; see discover fleet diff", s.cfg.Fleet, more)
	}
	s.said = now
}
