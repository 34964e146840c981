package view

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// How a Reader waits.
const (
	coalesce  = 250 * time.Millisecond // between two Views at least
	beat      = 10 * time.Second       // between two questions whether etcd is still there
	patience  = 5 * time.Second        // for the answer to one request
	firstWait = 500 * time.Millisecond // after a failure; doubled with each
	lastWait  = 15 * time.Second
)

// A Reader follows a fleet. Its methods may be called from any goroutine.
type Reader struct {
	client *clientv3.Client
	keys   fleet.Keys
	beat   time.Duration
	page   int64 // keys that are asked for at once

	answers answers

	mu      sync.Mutex
	view    *View         // guarded by mu; the last
	full    bool          // guarded by mu; etcd takes no writes
	changed chan struct{} // guarded by mu; closed at the next change
}

// NewReader returns a Reader of a fleet that reads nothing before Run.
func NewReader(client *clientv3.Client, keys fleet.Keys) *Reader {
	return &Reader{client: client, keys: keys, beat: beat, page: pageKeys, view: newState(keys).view(), changed: make(chan struct{})}
}

// View returns the fleet as it was last read; never nil. Before anything was read its
// Revision is 0.
func (r *Reader) View() *View {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.view
}

// Changed returns a channel that is closed when View returns another fleet, or etcd goes
// away or returns. A later AsOf alone is no change. Changes come at most four times a
// second.
func (r *Reader) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Run reads the fleet and follows it until ctx ends. A second Run at the same time is a
// mistake of the program.
func (r *Reader) Run(ctx context.Context) {
	for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, lastWait) {
		s, err := r.list(ctx)
		if err == nil {
			wait = firstWait
			r.publish(s)
			err = r.follow(ctx, s)
		}
		if ctx.Err() != nil {
			return
		}
		if again := (*againError)(nil); !errors.As(err, &again) {
			r.lost(err)
		}
		sleep(ctx, wait)
	}
}

// An againError says why the fleet has to be listed again, though etcd is there.
type againError struct{ why string }

func (e *againError) Error() string { return e.why }

// publish hands out a View of s.
func (r *Reader) publish(s *state) {
	v := s.view()
	v.AsOf = time.Now()
	r.set(v, true)
}

// lost says that etcd does not answer. The fleet stays as it was.
func (r *Reader) lost(err error) {
	was := r.View()
	v := *was
	v.Err = err
	if v.Stale.IsZero() {
		v.Stale = time.Now()
	}
	r.set(&v, was.Stale.IsZero() || was.Err == nil || was.Err.Error() != err.Error())
}

// heard says that etcd answered, and has nothing new.
func (r *Reader) heard() {
	was := r.View()
	v := *was
	v.AsOf, v.Stale, v.Err = time.Now(), time.Time{}, nil
	r.set(&v, !was.Stale.IsZero())
}

func (r *Reader) set(v *View, change bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v.Full = r.full
	change = change || v.Full != r.view.Full
	if r.view = v; change {
		close(r.changed)
		r.changed = make(chan struct{})
	}
}

// sleep waits between half of d and d, so that many readers do not come back at once.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d/2 + rand.N(d/2))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
