package view

import (
	"context"
	"errors"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// follow keeps s as etcd has it and publishes Views. It returns when the fleet has to be
// listed again, or when ctx ends.
func (r *Reader) follow(ctx context.Context, s *state) error {
	next := []int64{s.revision + 1, s.revision + 1} // of each span: what was not yet seen
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		f := follower{Reader: r, state: s, next: next, brought: make(chan news)}
		err := f.run(ctx)
		again := (*againError)(nil)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case is(err, etcd.Compacted), errors.As(err, &again):
			return &againError{"what was missed is no longer in etcd's history"}
		case f.connected:
			wait = firstWait
		}
		if err != nil {
			r.lost(err)
		}
		sleep(ctx, wait)
	}
}

// A follower is one watch, until it breaks.
type follower struct {
	*Reader
	state   *state
	next    []int64
	brought chan news // by the watches of all spans

	confirmed []bool // of each span: etcd said that it watches
	connected bool   // all are
	dirty     bool   // state has what no View has
	publishAt <-chan time.Time
	last      time.Time // when a View was published
}

// run watches until that breaks. It returns nil where etcd was away and is there again: a
// new watch shows that nothing was missed.
func (f *follower) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	defer func() {
		if f.dirty { // the follower after this one does not know it
			f.flush()
		}
	}()
	for i, keys := range spans(f.keys) {
		next := f.next[i]
		running.Go(func() { f.watch(ctx, i, keys, next) })
	}
	f.confirmed = make([]bool, len(f.next))
	tick := time.NewTicker(f.beat)
	defer tick.Stop()
	answers := make(chan answer, 1)
	asking, away, seen := false, false, int64(0)
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case n := <-f.brought:
			err = f.take(n)
		case <-f.publishAt:
			f.flush()
		case <-tick.C:
			if !asking {
				asking, seen = true, f.state.revision // what comes meanwhile may be newer than the answer
				running.Go(func() { answers <- f.ask(ctx) })
			}
		case a := <-answers:
			asking = false
			switch {
			case a.err != nil:
				away = true
				f.lost(a.err)
			case a.revision < seen:
				return &againError{"etcd has an older store than before"}
			case away && f.connected:
				return nil
			case f.connected:
				f.heard()
			}
		}
		if err != nil {
			return err
		}
	}
}

// A news is what the watch of one span brought.
type news struct {
	span     int
	response clientv3.WatchResponse
	ended    bool // nothing more will come
}

// watch hands on what the watch of a span brings, until ctx ends or the watch does. The
// client of etcd returns from Watch only when a member has confirmed it.
func (f *follower) watch(ctx context.Context, i int, keys span, next int64) {
	hand := func(n news) {
		select {
		case f.brought <- n:
		case <-ctx.Done():
		}
	}
	// A member that was cut off from the others has no leader, and nothing new: it ends the watch.
	watched := f.client.Watch(clientv3.WithRequireLeader(ctx), keys.from, clientv3.WithRange(keys.to), clientv3.WithRev(next), clientv3.WithCreatedNotify(), clientv3.WithFragment())
	for response := range watched {
		hand(news{span: i, response: response})
	}
	hand(news{span: i, ended: true})
}

// take takes what a watch brought.
func (f *follower) take(n news) error {
	i, response := n.span, n.response
	if n.ended {
		return errors.New("etcd ended the watch")
	}
	if err := response.Err(); err != nil {
		return f.explain("watch the fleet", spans(f.keys)[i].from, err)
	}
	if response.Created {
		f.confirmed[i] = true
		if f.confirmed[0] && f.confirmed[1] && !f.connected {
			f.connected = true
			f.heard()
		}
	}
	for _, e := range response.Events {
		f.next[i] = e.Kv.ModRevision + 1
		if e.Type == clientv3.EventTypeDelete {
			f.state.remove(e.Kv)
		} else {
			f.state.put(e.Kv)
		}
		f.dirty = true
	}
	if f.dirty && f.publishAt == nil {
		f.publishAt = time.After(max(0, coalesce-time.Since(f.last)))
	}
	return nil
}

// flush publishes what has come since the last View.
func (f *follower) flush() {
	f.publishAt, f.dirty, f.last = nil, false, time.Now()
	v, was := f.state.view(), f.View()
	v.AsOf, v.Stale, v.Err = f.last, was.Stale, was.Err
	f.set(v, true)
}

// An answer says that etcd is there, or why not.
type answer struct {
	revision int64
	err      error
}

// ask asks whether a majority of etcd is there. It costs etcd little, and reads no value.
func (r *Reader) ask(ctx context.Context) answer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := r.client.Get(ctx, r.keys.Leader(), clientv3.WithCountOnly())
	if err != nil {
		return answer{err: r.explain("ask etcd whether it is there", r.keys.Leader(), err)}
	}
	r.look(ctx)
	return answer{revision: got.Header.Revision}
}
