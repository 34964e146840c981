package sweep_test

import (
	"context"
	"iter"
	"net/netip"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A world is a fleet of its own on a server.
type world struct {
	*testing.T
	server *etcdtest.Server
	admin  *clientv3.Client // may do everything
	leads  *clientv3.Client // of the Granter
	asks   *clientv3.Client // of the program that asks
	users  bool             // each host is a user of etcd
	keys   fleet.Keys
	asked  *record
}

func newWorld(t *testing.T, server *etcdtest.Server, name string) *world {
	t.Helper()
	w := &world{T: t, server: server, admin: server.Client(t), keys: fleettest.Keys(t, name), asked: &record{portals: map[netip.AddrPort][]*span{}}}
	w.leads, w.asks = w.admin, w.admin
	return w
}

// A span is from when a host began to ask a portal to when it had ended.
type span struct {
	host       string
	begin, end time.Time // end zero: it still asks
}

// meets reports whether two hosts asked at one time.
func (s *span) meets(o *span) bool {
	return (o.end.IsZero() || s.begin.Before(o.end)) && (s.end.IsZero() || o.begin.Before(s.end))
}

// A record is who asked what when.
type record struct {
	mu      sync.Mutex
	portals map[netip.AddrPort][]*span // guarded by mu, the spans too
}

// begin notes that a host asks a portal, until the function that it returns is called.
func (r *record) begin(host string, p netip.AddrPort) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &span{host: host, begin: time.Now()}
	r.portals[p] = append(r.portals[p], s)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		s.end = time.Now()
	}
}

// check says where a portal of a job was not asked, or by two hosts at a time.
func (r *record) check(t *testing.T, job *fleet.Job) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range job.Shards() {
		part, _ := job.Shard(n)
		for i := range part.Count() {
			all := r.portals[part.At(i)]
			if len(all) == 0 {
				t.Errorf("%s was never asked", part.At(i))
			}
			for a := range all {
				for b := range a {
					if all[a].meets(all[b]) {
						t.Errorf("%s was asked by %s and %s at a time", part.At(i), all[a].host, all[b].host)
					}
				}
			}
		}
	}
	if len(r.portals) > job.Portals() {
		t.Errorf("%d portals were asked, the job has %d", len(r.portals), job.Portals())
	}
}

// A host is a Worker that runs.
type host struct {
	name   string
	proxy  *fleettest.Proxy
	client *clientv3.Client
	states chan sweep.State
	hang   chan struct{} // closed: it does not come to an end with a portal by itself
	stuck  chan struct{} // closed when that happened
	end    func()
}

var allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15")}

// host runs a Worker until the test ends, or end is called.
func (w *world) host(name string, change ...func(*sweep.Config)) *host {
	w.Helper()
	h := &host{name: name, states: make(chan sweep.State, 10_000), hang: make(chan struct{}), stuck: make(chan struct{})}
	h.proxy = fleettest.NewProxy(w.T, w.server.Address().String())
	cfg := w.server.Config(w.T)
	cfg.Endpoints = []string{"http://" + h.proxy.Address}
	if w.users {
		cfg.Username, cfg.Password = name, "of "+name
	}
	client, err := clientv3.New(cfg)
	if err != nil {
		w.Fatal(err)
	}
	h.client = client
	w.Cleanup(func() { client.Close() })
	c := sweep.Config{
		Client: client, Keys: w.keys, Name: name, Allow: allow, Capacity: 2, TTL: 4 * time.Second,
		Ask: h.ask(w.asked), Report: func(s sweep.State) { h.states <- s },
	}
	for _, f := range change {
		f(&c)
	}
	worker, err := sweep.New(c)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.Context())
	var running sync.WaitGroup
	running.Go(func() { worker.Run(ctx) })
	h.end = func() { cancel(); running.Wait() }
	w.Cleanup(h.end)
	return h
}

// ask asks portals: each takes some time, or, where the host hangs, until it has to end.
func (h *host) ask(r *record) sweep.Ask {
	var once sync.Once
	return func(ctx context.Context, _ *fleet.Job, portals iter.Seq[netip.AddrPort]) iter.Seq[fleet.Finding] {
		return func(yield func(fleet.Finding) bool) {
			for p := range portals {
				end := r.begin(h.name, p)
				select {
				case <-h.hang:
					once.Do(func() { close(h.stuck) })
					<-ctx.Done()
				case <-ctx.Done():
				case <-time.After(time.Millisecond):
				}
				end()
				if !yield(finding(p)) {
					return
				}
			}
		}
	}
}

// finding is what a portal of a test answers: each tenth has a target.
func finding(p netip.AddrPort) fleet.Finding {
	if b := p.Addr().As4(); b[3]%10 != 0 {
		return fleet.Finding{Portal: p, Stage: "connect", Code: 1, Message: "no answer"}
	}
	t := target.Target{Name: "iqn.2026-11.example:" + p.Addr().String(), Addresses: []target.Address{{Host: p.Addr().String(), Port: p.Port(), Group: 1}}}
	return fleet.Finding{Portal: p, Up: true, Count: 1, Targets: []target.Target{t}}
}

// grant runs a Granter as the leader does, until the test ends or the function that it
// returns is called. That takes its key away, and leaves it running.
func (w *world) grant(name string) (depose func()) {
	w.Helper()
	key := w.keys.Leader() + "/" + name
	put, err := w.admin.Put(w.Context(), key, name)
	if err != nil {
		w.Fatal(err)
	}
	g := &sweep.Granter{Client: w.leads, Keys: w.keys, Fence: clientv3.Compare(clientv3.CreateRevision(key), "=", put.Header.Revision)}
	ctx, cancel := context.WithCancel(w.Context())
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx) })
	w.Cleanup(func() { cancel(); running.Wait() })
	return func() {
		if _, err := w.admin.Delete(w.Context(), key); err != nil {
			w.Fatal(err)
		}
	}
}

// newJob returns a job of addresses.
func newJob(first, last string, size int) *fleet.Job {
	return &fleet.Job{
		ID: fleet.NewJobID(), Asker: "test", ShardSize: size, Ports: []uint16{3260}, ShardTime: 600,
		Ranges: []fleet.Range{{First: netip.MustParseAddr(first), Last: netip.MustParseAddr(last)}},
	}
}

// scan runs a scan, calls each after each result, and checks that all portals of the job are
// in the results once.
func (w *world) scan(job *fleet.Job, each func(n int, r *sweep.Result)) (last sweep.Progress) {
	w.Helper()
	return w.scanTelling(job, each, func(sweep.Progress) {})
}

// scanTelling does what scan does, and calls tell when the progress has changed.
func (w *world) scanTelling(job *fleet.Job, each func(n int, r *sweep.Result), tell func(sweep.Progress)) (last sweep.Progress) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), fleettest.Limit)
	defer cancel()
	s := &sweep.Scan{Client: w.asks, Keys: w.keys, Job: job, Progress: func(p sweep.Progress) { last = p; tell(p) }}
	seen := map[netip.AddrPort]int{}
	n := 0
	for r, err := range s.Results(ctx) {
		if err != nil {
			w.Fatalf("after %d shards: %v; progress %+v", n, err, last)
		}
		for _, f := range r.Findings {
			seen[f.Portal]++
			if want := finding(f.Portal); f.Up != want.Up || len(f.Targets) != len(want.Targets) || f.Message != want.Message {
				w.Errorf("got %+v, want %+v", f, want)
			}
		}
		n++
		if each != nil {
			each(n, r)
		}
	}
	for p, times := range seen {
		if times != 1 {
			w.Errorf("%s is in the results %d times", p, times)
		}
	}
	if len(seen) != job.Portals() || last.Read != job.Shards() {
		w.Errorf("got results of %d portals, want %d; progress %+v", len(seen), job.Portals(), last)
	}
	return last
}
