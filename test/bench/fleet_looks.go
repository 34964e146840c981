package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// patience is how long a step of a fleet may take.
const fleetPatience = 30 * time.Minute

// A looking is a reader that runs.
type looking struct {
	*view.Reader
	client *clientv3.Client
	end    func()
}

// look begins to read the fleet.
func (f *flock) look() (*looking, error) {
	client, err := f.etcd.dial()
	if err != nil {
		return nil, err
	}
	l := &looking{Reader: view.NewReader(client, f.keys), client: client}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { l.Run(ctx) })
	l.end = func() { cancel(); running.Wait(); client.Close() }
	return l, nil
}

// await waits until the fleet meets a condition.
func (l *looking) await(ctx context.Context, is func(*view.View) bool) error {
	ctx, cancel := context.WithTimeout(ctx, fleetPatience)
	defer cancel()
	for {
		changed := l.Changed()
		v := l.View()
		if is(v) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the fleet did not become what it should: %d hosts", len(v.Hosts)), v.Err)
		case <-changed:
		}
	}
}

// isWhole reports that all hosts publish all paths.
func (f *flock) isWhole(v *view.View) bool {
	if len(v.Hosts) != f.Hosts {
		return false
	}
	for _, h := range v.Hosts {
		if h.Silent() || len(h.Paths) != f.Portals {
			return false
		}
	}
	return true
}

// allSilent reports that no host publishes anything, and that the leader knows all of them.
func (f *flock) allSilent(v *view.View) bool {
	for _, h := range v.Hosts {
		if !h.Silent() || h.Known == nil || h.Known.SilentSince.IsZero() {
			return false
		}
	}
	return len(v.Hosts) == f.Hosts
}

// failing reports that a portal fails for so many hosts.
func failing(portal, want int) func(*view.View) bool {
	address := fmt.Sprintf("192.0.2.%d", portal+1)
	return func(v *view.View) bool {
		n := 0
		for _, h := range v.Hosts {
			for k, p := range h.Paths {
				if k.Portal.Address == address && !p.Up {
					n++
				}
			}
		}
		return n == want
	}
}

// firstLists has readers begin, one after the other, and looks at what they take.
func (f *flock) firstLists(ctx context.Context) error {
	const readers = 3
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := f.mark(ctx); err != nil {
		return err
	}
	for range readers {
		l, err := f.look()
		if err != nil {
			return err
		}
		f.looks = append(f.looks, l)
		if err := l.await(ctx, f.isWhole); err != nil {
			return err
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / readers
	if err := f.say(ctx, fmt.Sprintf("%d readers list the fleet, one by one", readers), fmt.Sprintf("%.1f MiB each, %.0f bytes a path", held/(1<<20), held/float64(f.Hosts*f.Portals))); err != nil {
		return err
	}
	v := f.looks[0].View()
	begin, cpu := time.Now(), ownCPU()
	d := view.Diff(v, func(fleet.Digest) ([]target.Target, error) { return nil, errors.New("not read") })
	fmt.Printf("  diff without lists: %.2f s, %.2f s CPU; %d failing\n", time.Since(begin).Seconds(), ownCPU()-cpu, len(d.Failing))
	return nil
}

// A leading is a candidate for the leadership.
type leading struct {
	client *clientv3.Client
	end    func()

	mu      sync.Mutex
	state   leader.State
	changed chan struct{}
}

// lead has a candidate run.
func (f *flock) lead(name string) (*leading, error) {
	client, err := f.etcd.dial()
	if err != nil {
		return nil, err
	}
	l := &leading{client: client, changed: make(chan struct{})}
	candidate, err := leader.New(leader.Config{Client: client, Keys: f.keys, Name: name, Every: f.Every, Report: func(s leader.State) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.state = s
		close(l.changed)
		l.changed = make(chan struct{})
	}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { candidate.Run(ctx) })
	l.end = func() { cancel(); running.Wait(); client.Close() }
	return l, nil
}

// kill ends a candidate without a word to etcd.
func (l *leading) kill() {
	l.client.Close()
	l.end()
}

// await waits until it leads, and so many lists can be read.
func (l *leading) await(ctx context.Context, lists int) error {
	ctx, cancel := context.WithTimeout(ctx, fleetPatience)
	defer cancel()
	for {
		l.mu.Lock()
		s, changed := l.state, l.changed
		l.mu.Unlock()
		if s.Leading && s.Copied >= lists && s.Lacking == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the leader did not copy all lists: %+v", s), s.Err)
		case <-changed:
		}
	}
}

// leader is the candidate that leads; nil: none does.
func (f *flock) leader() *leading {
	for _, l := range f.leads {
		l.mu.Lock()
		leads := l.state.Leading
		l.mu.Unlock()
		if leads {
			return l
		}
	}
	return nil
}

// awaitCopies waits until the leader has copied all lists.
func (f *flock) awaitCopies(ctx context.Context) error {
	for f.leader() == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return f.leader().await(ctx, f.Lists)
}
