package view_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

// TestReader runs what needs a server with each server that there is.
func TestReader(t *testing.T) {
	t.Parallel()
	etcdtest.Each(t, func(etcdtest.Kind) map[string]func(*testing.T, *etcdtest.Server) {
		return map[string]func(*testing.T, *etcdtest.Server){
			"follows": testFollows, "odd": testOdd, "pages": testPages, "large values": testLargeValues,
			"cut off": testCutOff, "compacted": testCompacted, "older store": testOlderStore, "answers": testAnswers,
			"no more than it needs": testPaths,
		}
	})
}

// dial connects to a server, by a proxy where there is one.
func dial(t *testing.T, address string) *clientv3.Client {
	t.Helper()
	client, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{"http://" + address}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// follow runs a Reader until the test ends.
func follow(t *testing.T, client *clientv3.Client, keys fleet.Keys) *view.Reader {
	t.Helper()
	r := view.NewReader(client, keys)
	r.SetBeat(50 * time.Millisecond)
	run(t, r)
	return r
}

func run(t *testing.T, r *view.Reader) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
}

// await returns the first View that is as it should be.
func await(t *testing.T, r *view.Reader, what string, ok func(*view.View) bool) *view.View {
	t.Helper()
	limit := time.After(fleettest.Limit)
	for {
		changed := r.Changed()
		v := r.View()
		if ok(v) {
			return v
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("%s: not in time; the view has %d hosts, %d odd keys, leader %q, stale since %v: %v", what, len(v.Hosts), v.OddCount, v.Leader, v.Stale, v.Err)
		}
	}
}

func testFollows(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "follows")
	a := fleettest.NewHost(t, client, keys, "a")
	seen := a.See("192.0.2.1", "iqn.2026-01.example:1", "iqn.2026-01.example:2")
	fleettest.Put(t, client, keys.Leader()+"/02", "second")
	r := follow(t, client, keys)

	v := await(t, r, "host a", func(v *view.View) bool { return v.Hosts["a"] != nil })
	p := v.Hosts["a"].Paths[fleettest.Entry("192.0.2.1")]
	if p == nil || !p.Up || p.Targets != 2 || p.Answer != seen.Digest || v.Hosts["a"].Info.ID != "id of a" || v.Leader != "second" {
		t.Errorf("got path %+v, info %+v, leader %q", p, v.Hosts["a"].Info, v.Leader)
	}

	b := fleettest.NewHost(t, client, keys, "b")
	b.Fail("192.0.2.1", "connect", "refused")
	fleettest.Put(t, client, keys.Leader()+"/01", "third")
	portal := &fleet.Portal{Address: "192.0.2.7", TCPPort: 3260}
	fleettest.Put(t, client, keys.Portal(portal.Key().Portal), string(portal.Encode()))
	known := &fleet.Known{Host: "c", SilentSince: time.Unix(1, 0), Paths: 3}
	fleettest.Put(t, client, keys.Known("c"), string(known.Encode()))
	later := await(t, r, "hosts b and c", func(v *view.View) bool {
		return len(v.Hosts) == 3 && len(v.Hosts["b"].Paths) == 1 && len(v.Desired) == 1
	})
	if later.Hosts["a"] != v.Hosts["a"] {
		t.Error("host a was copied, and has not changed")
	}
	if c := later.Hosts["c"]; !c.Silent() || c.Known.Paths != 3 || later.Leader != "second" || later.Desired[portal.Key().Portal] == nil {
		t.Errorf("got host %+v, leader %q, desired %v", c, later.Leader, later.Desired)
	}
	if len(v.Hosts) != 1 {
		t.Error("a View that was handed out has changed")
	}

	b.Delete(keys.Path("b", fleettest.Entry("192.0.2.1")))
	a.End()
	last := await(t, r, "host a gone", func(v *view.View) bool { return v.Hosts["a"] == nil && len(v.Hosts["b"].Paths) == 0 })
	if len(later.Hosts["b"].Paths) != 1 || later.Hosts["a"].Silent() {
		t.Errorf("a View that was handed out has changed: %+v, %+v", later.Hosts["a"], later.Hosts["b"])
	}
	if last.OddCount != 0 || last.AsOf.IsZero() || !last.Stale.IsZero() {
		t.Errorf("got %d odd keys %v, as of %v, stale %v", last.OddCount, last.Odd, last.AsOf, last.Stale)
	}
}

// testPages: what is there throughout shows once, in whatever pages the fleet is read and
// whatever changes meanwhile.
func testPages(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "pages")
	const hosts = 40
	for i := range hosts {
		h := fleettest.NewHost(t, client, keys, "h"+strconv.Itoa(i))
		h.See("192.0.2.1", "iqn.2026-01.example:1")
		h.See("192.0.2.2", "iqn.2026-01.example:1")
		h.Deliver(fleettest.Answer(t, "iqn.2026-01.example:1").Digest, []byte("x"), []byte("y"), []byte("z"))
	}
	changing := fleettest.NewHost(t, client, keys, "h1x")
	for i := range 5 {
		r := view.NewReader(client, keys)
		r.SetPage(int64(1 + 3*i))
		run(t, r)
		for range 20 {
			changing.Fail("192.0.2.9", "connect", "refused")
			changing.Delete(keys.Path("h1x", fleettest.Entry("192.0.2.9")))
		}
		v := await(t, r, "the fleet", func(v *view.View) bool { return v.Revision > 0 })
		if len(v.Hosts) != hosts+1 || v.OddCount != 0 {
			t.Errorf("got %d hosts and %d odd keys: %v", len(v.Hosts), v.OddCount, v.Odd)
		}
		for i := range hosts {
			if h := v.Hosts["h"+strconv.Itoa(i)]; h == nil || len(h.Paths) != 2 || h.Info == nil {
				t.Errorf("host %d: got %+v", i, h)
			}
		}
	}
}

// testLargeValues: a page with more bytes than a client takes is read in smaller ones.
func testLargeValues(t *testing.T, server *etcdtest.Server) {
	client, keys := dial(t, server.Address().String()), fleettest.Keys(t, "large")
	large := strings.Repeat("x", 1<<20)
	for i := range 20 {
		fleettest.Put(t, client, keys.Info("h"+strconv.Itoa(i)), large)
	}
	r := follow(t, client, keys)
	if v := await(t, r, "the fleet", func(v *view.View) bool { return v.Revision > 0 }); v.OddCount != 20 {
		t.Errorf("got %d odd keys, want 20", v.OddCount)
	}
	if _, err := client.Delete(t.Context(), keys.Prefix(), clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
}

// testCutOff: a Reader that is cut off serves what it knew, says since when, and has all
// that it missed when it is back.
func testCutOff(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "cut")
	a, b := fleettest.NewHost(t, client, keys, "a"), fleettest.NewHost(t, client, keys, "b")
	proxy := fleettest.NewProxy(t, server.Address().String())
	r := follow(t, dial(t, proxy.Address), keys)
	before := await(t, r, "two hosts", func(v *view.View) bool { return len(v.Hosts) == 2 && v.Stale.IsZero() })

	proxy.Cut()
	stale := await(t, r, "stale", func(v *view.View) bool { return !v.Stale.IsZero() })
	said := (*etcd.Error)(nil)
	if len(stale.Hosts) != 2 || stale.Revision != before.Revision || !errors.As(stale.Err, &said) || said.State != etcd.Unreachable {
		t.Errorf("got %d hosts at %d: %v", len(stale.Hosts), stale.Revision, stale.Err)
	}
	a.End()
	b.Fail("192.0.2.1", "connect", "refused")
	fleettest.NewHost(t, client, keys, "c")
	proxy.Lead(server.Address().String())
	v := await(t, r, "back", func(v *view.View) bool { return v.Stale.IsZero() && v.Hosts["c"] != nil })
	if v.Hosts["a"] != nil || len(v.Hosts["b"].Paths) != 1 || v.Err != nil {
		t.Errorf("got %v, %v", v.Hosts, v.Err)
	}
	events := view.Events(stale, v)
	got := map[view.Type]int{}
	for _, e := range events {
		got[e.Type]++
	}
	if want := map[view.Type]int{view.HostSilent: 1, view.HostAppeared: 1, view.PortalFailed: 1}; !maps.Equal(got, want) {
		t.Errorf("got events %v, want %v", events, want)
	}
}

// testCompacted: what a Reader missed is gone from etcd's history.
func testCompacted(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "compacted")
	a := fleettest.NewHost(t, client, keys, "a")
	fleettest.NewHost(t, client, keys, "b")
	proxy := fleettest.NewProxy(t, server.Address().String())
	r := follow(t, dial(t, proxy.Address), keys)
	await(t, r, "two hosts", func(v *view.View) bool { return len(v.Hosts) == 2 })
	proxy.Cut()
	await(t, r, "stale", func(v *view.View) bool { return !v.Stale.IsZero() })
	a.End()
	fleettest.NewHost(t, client, keys, "c")
	server.Compact(t)
	proxy.Lead(server.Address().String())
	if v := await(t, r, "back", func(v *view.View) bool { return v.Stale.IsZero() && v.Hosts["c"] != nil }); v.Hosts["a"] != nil || v.Hosts["b"] == nil {
		t.Errorf("got %v", v.Hosts)
	}
}

// testOlderStore: etcd comes back with an older store, as from a backup.
func testOlderStore(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "older")
	for range 100 {
		fleettest.NewHost(t, client, keys, "a")
	}
	backup := etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built})
	fleettest.NewHost(t, backup.Client(t), keys, "b")
	proxy := fleettest.NewProxy(t, server.Address().String())
	r := follow(t, dial(t, proxy.Address), keys)
	await(t, r, "host a", func(v *view.View) bool { return v.Hosts["a"] != nil && v.Stale.IsZero() })
	proxy.Lead(backup.Address().String())
	await(t, r, "host b alone", func(v *view.View) bool { return v.Hosts["b"] != nil && len(v.Hosts) == 1 && v.Stale.IsZero() })
}

// testPaths: a host with more paths than it may have; those beyond are odd.
func testPaths(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "paths")
	h := fleettest.NewHost(t, client, keys, "h")
	var ops []clientv3.Op
	for i := range fleet.MaxPaths + 50 {
		entry := fleettest.Entry("192.0.2.1")
		entry.Portal.Port = uint16(i + 1)
		ops = append(ops, clientv3.OpPut(keys.Path("h", entry), string((&fleet.Path{Host: "h"}).Encode()), clientv3.WithLease(h.Lease)))
	}
	for some := range slices.Chunk(ops, 100) {
		if _, err := client.Txn(t.Context()).Then(some...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	r := follow(t, client, keys)
	v := await(t, r, "the fleet", func(v *view.View) bool { return v.Revision > 0 })
	if len(v.Hosts["h"].Paths) != fleet.MaxPaths || v.OddCount != 50 || v.Odd[0].Host != "h" {
		t.Errorf("got %d paths, %d odd", len(v.Hosts["h"].Paths), v.OddCount)
	}
}
