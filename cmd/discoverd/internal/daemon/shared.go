package daemon

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/metrics"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/pair"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/standing"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A shared is a registry in etcd, on which several discoverd work.
type shared struct {
	client *clientv3.Client
	store  *pair.Store
	pair   *pair.Pair

	mu    sync.Mutex // guards state
	state pair.State
}

// openRegistry returns the registry, which may be away, and what to close at the end. s is
// nil where it is in a file.
func (o *options) openRegistry(path string) (store registry.Store, s *shared, closing func() error, err error) {
	prefix, inEtcd := machine.RegistryInEtcd(path)
	if !inEtcd {
		store := &standing.Store{Path: path}
		return store, nil, store.Close, nil
	}
	client, err := o.fleet.New()
	if err != nil {
		return nil, nil, nil, err
	}
	s = &shared{client: client, store: &pair.Store{Client: client, Prefix: prefix}}
	return s.store, s, client.Close, nil
}

// share makes the daemon a member of the pair that works on its registry; s nil: it is the
// only one.
func (d *daemon) share(s *shared) {
	if s == nil {
		return
	}
	d.shared = s
	name, err := d.Hostname()
	if err != nil {
		name = "a host without a name"
	}
	s.pair = pair.New(pair.Config{Client: s.client, Prefix: s.store.Prefix, Name: name, Readable: s.readable, Report: d.reportPair})
	d.table.SetPair(func() metrics.Pair {
		state := s.now()
		return metrics.Pair{Active: state.Active, Connected: state.Err == nil && !state.undecided(), Since: state.Since}
	})
}

// readable returns why portals cannot be read; nil: they can. The store remembers nothing.
func (s *shared) readable(ctx context.Context) error {
	for _, err := range s.store.List(ctx, "portal/") {
		return err
	}
	return nil
}

// A pairState is how the daemon stands in its pair.
type pairState struct{ pair.State }

// undecided reports that it is not known yet who asks the portals.
func (s pairState) undecided() bool { return !s.Active && s.Other == "" }

// text says who asks the portals.
func (s pairState) text() string {
	switch {
	case s.Active:
		return "this host asks the portals"
	case s.undecided():
		return "standing by: it is not known yet who asks the portals"
	}
	return "standing by: " + terminal.Visible(s.Other) + " asks the portals"
}

// now returns how the daemon stands in its pair.
func (s *shared) now() pairState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return pairState{s.state}
}

// standsBy reports that another discoverd asks the portals.
func (d *daemon) standsBy() bool { return d.shared != nil && !d.shared.now().Active }

// otherAsker says that another discoverd asks the portals; empty: this one does.
func (d *daemon) otherAsker() string {
	if now := d.shared.now(); !now.Active {
		return now.text()
	}
	return ""
}

// reportPair says how the daemon stands in its pair, once for each change.
func (d *daemon) reportPair(s pair.State) {
	d.shared.mu.Lock()
	before, now := pairState{d.shared.state}, pairState{s}
	d.shared.state = s
	d.shared.mu.Unlock()
	if !now.undecided() && now.text() != before.text() {
		d.Say("%s", now.text())
	}
	if s.Err != nil && (before.Err == nil || before.Err.Error() != s.Err.Error()) {
		goesOn := "standing by, and trying again"
		if s.Active {
			goesOn = "going on to ask the portals"
		}
		d.Say("the registry in etcd: %v; %s", s.Err, goesOn)
	}
	if s.Err == nil && before.Err != nil {
		d.Say("the registry in etcd: connected again")
	}
	d.Log().Info("pair", "active", s.Active, "other", s.Other, "error", s.Err)
}

// runShared is a member of the pair until ctx ends, and asks the portals while it is the
// active one.
func (d *daemon) runShared(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { d.shared.store.Changes(ctx, d.changesGap, d.reread) })
	all.Go(func() { d.beatStandingBy(ctx) })
	d.shared.pair.Run(ctx, d.active)
	all.Wait()
}

// changesGap is how far apart changes by other writers have the registry read again at
// least. While another discoverd asks the portals, each of its answers is one, and of them
// only the counts here need to know: pages and lists are read for each request.
func (d *daemon) changesGap() time.Duration {
	if d.standsBy() {
		return minCount
	}
	return time.Second
}

// reread has the registry read again by all that keep something of it.
func (d *daemon) reread() {
	d.guard.Forget()
	knock(d.reload)
	knock(d.recount)
	knock(d.relist)
}

// active asks the portals until ctx ends. Afterwards nothing is told of their states, which
// another discoverd knows.
func (d *daemon) active(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { d.watch(ctx) })
	if d.options.notices.IsValid() {
		all.Go(func() { d.activeNotices(ctx) })
	}
	all.Wait()
	d.table.Forget()
	d.page.Forget()
}

// activeNotices takes notices of iSNS servers until ctx ends.
func (d *daemon) activeNotices(ctx context.Context) {
	l, err := isns.Listen(ctx, d.options.notices)
	if err != nil {
		d.Say("warning: iSNS servers can send no notices, and are only asked: %v", err)
		return
	}
	d.runNotices(ctx, l)
}

// beatStandingBy tells the service manager that the daemon lives while no watch does.
func (d *daemon) beatStandingBy(ctx context.Context) {
	tick := time.NewTicker(d.every)
	defer tick.Stop()
	for {
		if d.standsBy() {
			d.beat()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
