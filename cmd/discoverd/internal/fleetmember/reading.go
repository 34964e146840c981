package fleetmember

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// How a Reading waits, and what it keeps.
const (
	idle      = time.Hour       // without a request, after which the fleet is read no longer
	firstView = 3 * time.Second // for the fleet to be read, at the first request
	maxEvents = 10_000
)

// A Reading reads the fleet while clients ask: from the first request until an hour after
// the last one. Before Run of its Member, and after it, it has an empty view.
type Reading struct {
	name string // of the fleet
	new  func() *view.Reader
	ask  chan struct{} // a client of the page or the API asks
	idle time.Duration // after which the fleet is read no longer

	mu     sync.Mutex // guards the following
	reader *view.Reader
	seq    int64
	events []fleetview.JSONFleetEvent
}

func newReading(client *clientv3.Client, keys fleet.Keys, name string) *Reading {
	return &Reading{name: name, idle: idle, ask: make(chan struct{}), new: func() *view.Reader { return view.NewReader(client, keys) }}
}

// Name returns the name of the fleet.
func (r *Reading) Name() string { return r.name }

// run reads the fleet while clients ask, until ctx ends.
func (r *Reading) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.ask:
		}
		r.follow(ctx)
	}
}

// follow reads the fleet until no client has asked for an hour.
func (r *Reading) follow(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	reader := r.new()
	r.set(reader)
	defer r.set(nil)
	var running sync.WaitGroup
	running.Go(func() { reader.Run(ctx) })
	defer running.Wait()
	defer cancel()
	quiet := time.NewTimer(r.idle)
	defer quiet.Stop()
	for teller := view.NewTeller(reader.View()); ; {
		changed := reader.Changed()
		r.add(teller.Next(reader.View()))
		select {
		case <-ctx.Done():
			return
		case <-quiet.C:
			return
		case <-r.ask:
			quiet.Reset(r.idle)
		case <-changed:
		}
	}
}

func (r *Reading) set(reader *view.Reader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reader = reader
}

// add keeps events, the last maxEvents of them.
func (r *Reading) add(events []view.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range events {
		r.seq++
		r.events = append(r.events, fleetview.NewJSONFleetEvent(&events[i], r.seq))
	}
	if over := len(r.events) - maxEvents; over > 0 {
		r.events = append(r.events[:0:0], r.events[over:]...)
	}
}

// current returns the reader, and has one begin where there is none.
func (r *Reading) current(ctx context.Context) *view.Reader {
	select {
	case r.ask <- struct{}{}:
	case <-ctx.Done():
	}
	for ctx.Err() == nil {
		r.mu.Lock()
		reader := r.reader
		r.mu.Unlock()
		if reader != nil {
			return reader
		}
		select { // it is about to begin
		case r.ask <- struct{}{}:
		case <-ctx.Done():
		}
	}
	return nil
}

// View returns the fleet as it was last read; nil: there is nothing yet. At the first
// request it waits a few seconds for it.
func (r *Reading) View(ctx context.Context) *view.View {
	ctx, cancel := context.WithTimeout(ctx, firstView)
	defer cancel()
	reader := r.current(ctx)
	if reader == nil {
		return nil
	}
	for {
		changed := reader.Changed()
		v := reader.View()
		if !v.AsOf.IsZero() || v.Err != nil {
			return v
		}
		select {
		case <-ctx.Done():
			return v
		case <-changed:
		}
	}
}

// Answer returns the list of an answer, as view.Reader does.
func (r *Reading) Answer(ctx context.Context, d fleet.Digest) ([]target.Target, error) {
	if reader := r.current(ctx); reader != nil {
		return reader.Answer(ctx, d)
	}
	return nil, context.Cause(ctx)
}

// Events returns the events that are kept, the oldest first: those since the fleet was read
// first.
func (r *Reading) Events() []fleetview.JSONFleetEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]fleetview.JSONFleetEvent(nil), r.events...)
}
