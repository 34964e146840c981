package leader

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// A term is the work of a leader from its election on. Only the goroutine of Run uses it.
type term struct {
	*Leader
	*seat
	reader *view.Reader
	since  int64 // revision at which the term began

	seen    map[string]*view.Host // hosts as they were when they were last looked at
	memory  memory
	answers answers

	asks    map[fleet.Digest]*ask // under way
	results chan result           // of asks
	reading sync.Mutex            // one ask at a time has an answer in memory
	err     error                 // of a write that failed; nil: one succeeded since

	grants   chan error // what fails in granting shards of shared scans
	grantErr error      // the last of them
}

// lead works until the lease ends or ctx does.
func (l *Leader) lead(ctx context.Context, s *seat) error {
	reader := l.cfg.Reader
	if reader == nil {
		reader = view.NewReader(l.cfg.Client, l.cfg.Keys)
		reading, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() { reader.Run(reading) })
		defer running.Wait()
		defer cancel()
	}
	t := &term{
		Leader: l, seat: s, reader: reader, seen: map[string]*view.Host{},
		asks: map[fleet.Digest]*ask{}, results: make(chan result), grants: make(chan error),
	}
	l.report(func(s *State) { *s = State{Leading: true, Since: time.Now()} })
	defer t.endAsks()
	if err := t.begin(ctx); err != nil {
		return err
	}
	granting, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { t.grant(granting) })
	defer running.Wait()
	defer cancel()
	return t.loop(ctx)
}

// begin takes over what the leader before has left: its copies and its memory stay, and what
// it asked for is asked for anew.
func (t *term) begin(ctx context.Context) (err error) {
	if t.memory, err = t.recall(ctx); err != nil {
		return err
	}
	if t.answers, err = t.copies(ctx); err != nil {
		return err
	}
	t.since, err = t.write(ctx, clientv3.OpPut(t.Key, t.cfg.Name, clientv3.WithLease(t.Lease)), clientv3.OpDelete(t.cfg.Keys.Wants(), clientv3.WithPrefix()))
	return t.explain("take back what the leader before asked for", t.cfg.Keys.Wants(), err)
}

func (t *term) loop(ctx context.Context) error {
	tick := time.NewTicker(t.cfg.Every / 2)
	defer tick.Stop()
	for {
		changed := t.reader.Changed()
		// A view that is older than the term may show a host as the leader before had not yet
		// seen it.
		if v := t.reader.View(); v.Revision >= t.since {
			t.look(v)
			t.remember(ctx)
			t.prune(ctx)
			t.ask(ctx, v)
		}
		if deposed := (*DeposedError)(nil); errors.As(t.err, &deposed) {
			return deposed
		}
		t.report(func(s *State) {
			s.Err, s.Copied, s.Asked, s.Lacking = cmp.Or(t.err, t.grantErr), len(t.answers.copied), len(t.asks), len(t.answers.lacking)
		})
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-tick.C:
		case r := <-t.results:
			t.settle(r)
		case t.grantErr = <-t.grants:
		}
	}
}

// look takes hosts that have changed since it last looked.
func (t *term) look(v *view.View) {
	now := time.Now()
	for name, h := range v.Hosts {
		if was := t.seen[name]; was != h {
			t.lookAt(was, h, now)
			t.seen[name] = h
		}
	}
	for name, was := range t.seen {
		if v.Hosts[name] == nil {
			t.lookAt(was, &view.Host{Name: name}, now)
			delete(t.seen, name)
		}
	}
}

func (t *term) lookAt(was, is *view.Host, now time.Time) {
	t.memory.look(was, is, now)
	for d := range digests(is) {
		t.answers.name(d)
	}
	for d := range digests(was) {
		t.answers.unname(d, now)
	}
}

// failed keeps why a write failed, for the state.
func (t *term) failed(what, key string, err error) {
	if deposed := (*DeposedError)(nil); !errors.As(t.err, &deposed) {
		t.err = t.explain(what, key, err)
	}
}
