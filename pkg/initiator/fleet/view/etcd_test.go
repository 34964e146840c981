package view_test

import (
	"context"
	"errors"
	"maps"
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

// TestReader runs what needs a server with each server that there is.
func TestReader(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T, *etcdtest.Server){
		"follows": testFollows, "odd": testOdd, "pages": testPages, "large values": testLargeValues,
		"cut off": testCutOff, "compacted": testCompacted, "older store": testOlderStore, "answers": testAnswers,
		"no more than it needs": testPaths,
	}
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := etcdtest.Start(t, etcdtest.Options{Kind: kind})
			for _, name := range slices.Sorted(maps.Keys(tests)) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					tests[name](t, server)
				})
			}
		})
	}
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
	if last.OddCount != 0 || last.AsOf.IsZero() || !last.Stale.IsZero() {
		t.Errorf("got %d odd keys %v, as of %v, stale %v", last.OddCount, last.Odd, last.AsOf, last.Stale)
	}
}

// testOdd: keys and records that no honest host of this version writes.
func testOdd(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "odd")
	h := fleettest.NewHost(t, client, keys, "h")
	r := follow(t, client, keys)
	await(t, r, "host h", func(v *view.View) bool { return v.Hosts["h"] != nil })

	entry := fleettest.Entry("192.0.2.1")
	other := (&fleet.Path{Host: "other", Up: true}).Encode()
	long := keys.Host("h") + strings.Repeat("x", 100_000)
	odd := map[string]string{
		keys.Prefix() + "foreign":          "anything",
		keys.Host("h") + "foreign\x1b[31m": "",
		long:                               "",
		keys.Path("h", entry):              string(other),
		keys.Info("newer"):                 `{"schema":99}`,
		keys.Info("bad"):                   "not JSON",
		keys.Known("bad"):                  `{"schema":1,"host":"good"}`,
		keys.Portals() + "192.0.2.1,3260":  `{"schema":1,"address":"192.0.2.2","tcp_port":3260}`,
		keys.Login("l"):                    `{"schema":1,"name":"l","chap_secret":"file:/etc/shadow"}`,
		keys.Info("big"):                   `{"schema":1,"host":"big","version":"` + strings.Repeat("x", fleet.MaxRecordLen) + `"}`,
		keys.Leader() + "/00":              "Impossible Name",
		keys.Path("h", fleettest.Entry("192.0.2.1000")): "",
	}
	for key, value := range odd {
		fleettest.Put(t, client, key, value)
	}
	v := await(t, r, "all odd keys", func(v *view.View) bool { return v.OddCount == len(odd) })
	newer, record := (*fleet.NewerError)(nil), (*fleet.RecordError)(nil)
	for _, o := range v.Odd {
		if len(o.Key) > 600 || !errors.As(o.Err, &record) && !errors.As(o.Err, &newer) {
			t.Errorf("got %+v", o)
		}
	}
	if len(v.Odd) != len(odd) || v.Hosts["newer"].Silent() || !errors.As(v.Hosts["newer"].Err, &newer) || len(v.Hosts["h"].Paths) != 0 || v.Leader != "" {
		t.Errorf("got %d odd, %+v, %+v, leader %q", len(v.Odd), v.Hosts["newer"], v.Hosts["h"], v.Leader)
	}

	// Records that are mended, and keys that are removed, are no longer odd.
	h.Path("192.0.2.1", &fleet.Path{Up: true})
	if _, err := client.Delete(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	await(t, r, "two less", func(v *view.View) bool { return v.OddCount == len(odd)-2 && len(v.Hosts["h"].Paths) == 1 })
	_, err := client.Delete(t.Context(), keys.Prefix(), clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	await(t, r, "nothing", func(v *view.View) bool { return v.OddCount == 0 && len(v.Hosts) == 0 })
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

func testAnswers(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "answers")
	r := view.NewReader(client, keys)
	a := fleettest.Answer(t, "iqn.2026-01.example:1", "iqn.2026-01.example:2")
	missing, lie := (*view.MissingError)(nil), (*fleet.LieError)(nil)
	if _, err := r.Answer(t.Context(), a.Digest); !errors.As(err, &missing) {
		t.Errorf("got %v, want a MissingError", err)
	}
	fleettest.Put(t, client, keys.Copied(a.Digest, 0), string(fleettest.Answer(t, "iqn.2026-01.example:other").Parts[0]))
	if _, err := r.Answer(t.Context(), a.Digest); !errors.As(err, &lie) {
		t.Errorf("got %v, want a LieError", err)
	}
	fleettest.Put(t, client, keys.Copied(a.Digest, 0), string(a.Parts[0]))
	for range 2 {
		targets, err := r.Answer(t.Context(), a.Digest)
		if err != nil || len(targets) != 2 || targets[1].Name != "iqn.2026-01.example:2" {
			t.Errorf("got %v, %v", targets, err)
		}
		// It is kept: the second time etcd is not asked.
		if _, err := client.Delete(t.Context(), keys.Copy(a.Digest), clientv3.WithPrefix()); err != nil {
			t.Fatal(err)
		}
	}
	b := fleettest.Answer(t, "iqn.2026-01.example:3")
	fleettest.Put(t, client, keys.Copied(b.Digest, 0), strings.Repeat("x", fleet.MaxPartLen+1))
	if _, err := r.Answer(t.Context(), b.Digest); !errors.As(err, &lie) {
		t.Errorf("a part that is too long: got %v, want a LieError", err)
	}
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
