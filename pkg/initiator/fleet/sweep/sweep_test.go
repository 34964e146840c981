package sweep_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

// TestSweep runs what needs a server with each server that there is.
func TestSweep(t *testing.T) {
	t.Parallel()
	etcdtest.Each(t, func(etcdtest.Kind) map[string]func(*testing.T, *etcdtest.Server) {
		return map[string]func(*testing.T, *etcdtest.Server){
			"shares": testShares, "killed and cut off": testFaults, "leader dies": testLeaderDies, "requester dies": testRequesterDies,
			"not allowed": testNotAllowed, "lies": testLies, "slow": testSlow, "twin": testTwin, "foreign shard": testForeignShard, "another grant": testAnotherGrant, "job changes": testJobChanges, "fence": testFence,
		}
	})
}

// testShares: three hosts share a job, and nothing of it stays.
func testShares(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "shares")
	w.grant("lead")
	for _, name := range []string{"a", "b", "c"} {
		w.host(name)
	}
	job := newJob("198.18.0.0", "198.18.3.255", 64)
	hosts := map[string]int{}
	w.scan(job, func(_ int, r *sweep.Result) { hosts[r.Host]++ })
	w.asked.check(t, job)
	if len(hosts) != 3 {
		t.Errorf("got results of %v, want three hosts", hosts)
	}
	for p, all := range w.asked.portals {
		if len(all) != 1 {
			t.Errorf("%s was asked %d times", p, len(all))
		}
	}
	w.gone("a", "b", "c")
}

// gone waits until nothing of jobs is there any more.
func (w *world) gone(hosts ...string) {
	w.Helper()
	fleettest.AwaitGone(w.T, w.admin, w.keys.Scans())
	for _, h := range hosts {
		fleettest.AwaitGone(w.T, w.admin, w.keys.HostScans(h))
	}
}

// testFaults: of three hosts one is killed in the middle, and one is cut off while it asks.
func testFaults(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "faults")
	w.grant("lead")
	w.host("a")
	b, c := w.host("b"), w.host("c")
	job := newJob("198.18.0.0", "198.18.3.255", 64)
	var cut sync.WaitGroup
	fault := func(h *host, then func()) {
		close(h.hang)
		cut.Go(func() {
			select {
			case <-h.stuck: // in the midst of a shard
				h.proxy.Cut()
				then()
			case <-t.Context().Done():
			}
		})
	}
	w.scan(job, func(n int, _ *sweep.Result) {
		if n == 2 {
			fault(b, b.end) // its lease stays
			fault(c, func() {})
		}
	})
	cut.Wait()
	w.asked.check(t, job)
	twice := 0
	for _, all := range w.asked.portals {
		if len(all) > 1 {
			twice++
		}
	}
	if twice == 0 {
		t.Error("no portal was asked again: nobody died in the midst of a shard")
	}
	c.await(t, "c has lost its lease", func(s sweep.State) bool {
		lease := (*sweep.LeaseError)(nil)
		return errors.As(s.Err, &lease)
	})
	c.proxy.Lead(server.Address().String())
	c.await(t, "c is back", func(s sweep.State) bool { return s.Connected && s.Err == nil })
	w.gone("a", "b", "c")
}

// await returns when a State is as it should be.
func (h *host) await(t *testing.T, what string, ok func(sweep.State) bool) {
	t.Helper()
	limit := time.After(fleettest.Limit)
	var last sweep.State
	for {
		select {
		case last = <-h.states:
			if ok(last) {
				return
			}
		case <-limit:
			t.Fatalf("%s: not in time; the last state is %+v", what, last)
		}
	}
}

// testLeaderDies: another leader goes on where the first was, which does not know that it
// leads no longer.
func testLeaderDies(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "leaderdies")
	depose := w.grant("lead1")
	w.host("a")
	w.host("b")
	job := newJob("198.18.0.0", "198.18.3.255", 64)
	w.scan(job, func(n int, _ *sweep.Result) {
		if n == 3 {
			depose()
			w.grant("lead2")
		}
	})
	w.asked.check(t, job)
	for p, all := range w.asked.portals {
		if len(all) != 1 {
			t.Errorf("%s was asked %d times", p, len(all))
		}
	}
	w.gone("a", "b")
}

// testRequesterDies: where who asks is gone, hosts stop, and nothing of the job stays.
func testRequesterDies(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "requesterdies")
	w.grant("lead")
	a := w.host("a")
	close(a.hang)
	proxy := fleettest.NewProxy(t, server.Address().String())
	cfg := server.Config(t)
	cfg.Endpoints = []string{"http://" + proxy.Address}
	client, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	go func() {
		select {
		case <-a.stuck:
		case <-t.Context().Done():
		}
		proxy.Cut()
	}()
	s := &sweep.Scan{Client: client, Keys: w.keys, Job: newJob("198.18.0.0", "198.18.0.255", 64), TTL: 2 * time.Second}
	ended := (*sweep.EndedError)(nil)
	for _, err := range s.Results(t.Context()) {
		if !errors.As(err, &ended) {
			t.Errorf("got %v, want an EndedError", err)
		}
	}
	if ended == nil || ended.Shards != 4 || ended.Read != 0 {
		t.Errorf("got %+v", ended)
	}
	a.await(t, "a asks nothing any more", func(s sweep.State) bool { return s.Connected && s.Jobs == 0 && s.Shards == 0 })
	w.gone("a")
}

// testNotAllowed: a host is given only what it allows, and what no host allows is granted to
// none.
func testNotAllowed(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "notallowed")
	w.grant("lead")
	only := func(prefix string) func(*sweep.Config) {
		return func(c *sweep.Config) { c.Allow = []netip.Prefix{netip.MustParsePrefix(prefix)} }
	}
	w.host("a", only("192.0.2.0/25"))
	w.host("b", only("192.0.2.128/26"))
	w.host("none", func(c *sweep.Config) { c.Allow = nil })
	job := newJob("192.0.2.0", "192.0.2.255", 64)
	ctx, cancel := context.WithTimeout(t.Context(), fleettest.Limit)
	defer cancel()
	s := &sweep.Scan{Client: w.admin, Keys: w.keys, Job: job}
	got := map[int]string{}
	for r, err := range s.Results(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if got[r.Shard] = r.Host; len(got) == 3 {
			break
		}
	}
	if want := map[int]string{0: "a", 1: "a", 2: "b"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for p, all := range w.asked.portals {
		if p.Addr().As4()[3] >= 192 {
			t.Errorf("%s was asked by %v, and nobody allows it", p, all)
		}
	}
	w.gone("a", "b")
}

// testTwin: a second process of the same host waits until the first is gone.
func testTwin(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "twin")
	w.grant("lead")
	first := w.host("a")
	second := w.host("a")
	job := newJob("198.18.0.0", "198.18.1.255", 64)
	w.scan(job, func(n int, _ *sweep.Result) {
		if n == 2 {
			first.end()
			second.end()
			w.host("a")
		}
	})
	w.asked.check(t, job)
	w.gone("a")
}

// TestNew: what cannot take part.
func TestNew(t *testing.T) {
	t.Parallel()
	keys := fleettest.Keys(t, "f")
	ask := (&host{}).ask(nil)
	name := (*fleet.NameError)(nil)
	if _, err := sweep.New(sweep.Config{Client: new(clientv3.Client), Keys: keys, Name: "No Host", Ask: ask}); !errors.As(err, &name) {
		t.Errorf("got %v, want a NameError", err)
	}
	for _, cfg := range []sweep.Config{
		{Keys: keys, Name: "a", Ask: ask},
		{Client: new(clientv3.Client), Keys: keys, Name: "a"},
		{Client: new(clientv3.Client), Keys: keys, Name: "a", Ask: ask, Capacity: fleet.MaxCapacity + 1},
		{Client: new(clientv3.Client), Keys: keys, Name: "a", Ask: ask, Allow: make([]netip.Prefix, fleet.MaxAllowed+1)},
	} {
		if _, err := sweep.New(cfg); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
	}
}
