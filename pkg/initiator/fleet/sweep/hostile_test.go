package sweep_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A liar offers to take part, and delivers what a test says.
type liar struct {
	world *world
	h     *fleettest.Host
	offer int64
}

// liar runs a host that calls deliver for each shard that it is given, until the test ends.
func (w *world) liar(name string, deliver func(l *liar, job *fleet.Job, n int, g *fleet.Grant)) {
	w.Helper()
	l := &liar{world: w, h: fleettest.NewHost(w.T, w.admin, w.keys, name)}
	watch := w.admin.Watch(w.Context(), w.keys.Scans(), clientv3.WithPrefix(), clientv3.WithFilterDelete(), clientv3.WithCreatedNotify())
	<-watch
	var running sync.WaitGroup
	running.Go(func() {
		var job *fleet.Job
		for r := range watch {
			for _, e := range r.Events {
				switch k := w.keys.Parse(string(e.Kv.Key)); k.Kind {
				case fleet.KindJob:
					job, _ = fleet.DecodeJob(k.Job, e.Kv.Value)
					o := fleet.Offer{Host: name, Capacity: 1, Allowed: allow}
					put, err := w.admin.Put(w.Context(), w.keys.Offer(name, k.Job), string(o.Encode()), clientv3.WithLease(l.h.Lease))
					if err == nil {
						l.offer = put.Header.Revision
					}
				case fleet.KindGrant:
					if g, err := fleet.DecodeGrant(e.Kv.Value); err == nil && g.Host == name && w.Context().Err() == nil {
						deliver(l, job, k.Shard, g)
					}
				}
			}
		}
	})
	w.Cleanup(running.Wait)
}

// put writes a delivery.
func (l *liar) put(job *fleet.Job, n int, d *fleet.Delivery, parts ...[]byte) {
	keys := l.world.keys
	for i, p := range parts {
		_, _ = l.world.admin.Put(l.world.Context(), keys.Result(l.h.Name, job.ID, n, i), string(p), clientv3.WithLease(l.h.Lease))
	}
	_, _ = l.world.admin.Put(l.world.Context(), keys.Delivered(l.h.Name, job.ID, n), string(d.Encode()), clientv3.WithLease(l.h.Lease))
}

// honest returns what an honest host delivers.
func honest(job *fleet.Job, n int, host string, g *fleet.Grant) (*fleet.Delivery, [][]byte) {
	part, _ := job.Shard(n)
	all := make([]fleet.Finding, part.Count())
	for i := range all {
		all[i] = finding(part.At(i))
	}
	a, err := fleet.EncodeFindings(job.ID, n, part, all)
	if err != nil {
		panic(err)
	}
	return &fleet.Delivery{Host: host, Offer: g.Offer, Number: g.Number, Digest: a.Digest, Parts: len(a.Parts), Found: part.Count()}, a.Parts
}

// replaced returns what no honest host delivers, and its digest: parts with another text in
// the place of one that is in them.
func replaced(t *testing.T, parts [][]byte, old, text string) (fleet.Digest, []byte) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(bytes.Join(parts, nil)))
	if err != nil {
		t.Error(err)
		return fleet.Digest{}, nil
	}
	is, err := io.ReadAll(z)
	if err != nil || !bytes.Contains(is, []byte(old)) {
		t.Errorf("%q: got %v, want that it has %q", is, err, old)
	}
	is = bytes.ReplaceAll(is, []byte(old), []byte(text))
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(is)
	_ = w.Close()
	return sha256.Sum256(is), b.Bytes()
}

// testLies: what hosts deliver that is not what it says is refused, they are taken out of the
// job, and honest ones ask their shards.
func testLies(t *testing.T, server *etcdtest.Server) {
	lies := map[string]func(l *liar, job *fleet.Job, n int, g *fleet.Grant){
		"digest": func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
			d, parts := honest(job, n, l.h.Name, g)
			d.Digest[0]++
			l.put(job, n, d, parts...)
		},
		"othershard": func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
			d, parts := honest(job, (n+1)%job.Shards(), l.h.Name, g)
			l.put(job, n, d, parts...)
		},
		"toomany": func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
			d, parts := honest(job, n, l.h.Name, g)
			d.Found = fleet.MaxShardPortals
			l.put(job, n, d, parts...)
		},
		"damaged": func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
			d, parts := honest(job, n, l.h.Name, g)
			l.put(job, n, d, bytes.Repeat([]byte("x"), len(parts[0])))
		},
		"missing": func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
			d, _ := honest(job, n, l.h.Name, g)
			l.put(job, n, d)
		},
		"name": func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
			d, parts := honest(job, n, l.h.Name, g)
			var part []byte
			d.Digest, part = replaced(t, parts, "iqn.2026-11.example:", strings.Repeat("x", 4000))
			l.put(job, n, d, part)
		},
		"record": func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
			_, _ = l.world.admin.Put(l.world.Context(), l.world.keys.Delivered(l.h.Name, job.ID, n), "\x1b[2J", clientv3.WithLease(l.h.Lease))
		},
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, server, "lies-"+name)
			w.grant("lead")
			w.liar("liar", func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
				lie(l, job, n, g)
				// It says that it asks nothing, as a host does that is taken out.
				fleettest.AwaitThere(t, w.admin, w.keys.Blame(job.ID, "liar"))
				l.h.Delete(w.keys.Offer("liar", job.ID))
			})
			job := newJob("192.0.2.0", "192.0.2.127", 32)
			w.host("honest", func(c *sweep.Config) { c.Capacity = 1 })
			last := w.scan(job, func(_ int, r *sweep.Result) {
				if r.Host == "liar" {
					t.Errorf("shard %d is the liar's", r.Shard)
				}
			})
			if len(last.Blamed) != 1 || last.Blamed[0].Host != "liar" {
				t.Errorf("got %+v, want that the liar is blamed", last.Blamed)
			}
			w.gone("honest")
		})
	}
}

// testSlow: a host that does not deliver in time is taken out.
func testSlow(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "slow")
	w.grant("lead")
	slow := w.host("slow")
	close(slow.hang)
	w.host("quick", func(c *sweep.Config) { c.Capacity = 1 })
	job := newJob("192.0.2.0", "192.0.2.127", 32)
	job.ShardTime = 2
	last := w.scan(job, nil)
	if len(last.Blamed) != 1 || last.Blamed[0].Host != "slow" {
		t.Errorf("got %+v, want that the slow host is blamed", last.Blamed)
	}
	w.asked.check(t, job)
	w.gone("slow", "quick")
}

// testForeignShard: a host asks nothing that it does not allow, whatever the leader grants.
func testForeignShard(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "foreignshard")
	a := w.host("a", func(c *sweep.Config) { c.Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/26")} })
	job := newJob("192.0.2.0", "192.0.2.127", 64)
	fleettest.Put(t, w.admin, w.keys.Job(job.ID), string(job.Encode()))
	fleettest.AwaitThere(t, w.admin, w.keys.Offer("a", job.ID))
	got, err := w.admin.Get(t.Context(), w.keys.Offer("a", job.ID))
	if err != nil {
		t.Fatal(err)
	}
	g := fleet.Grant{Host: "a", Offer: got.Kvs[0].CreateRevision, Number: 1}
	fleettest.Put(t, w.admin, w.keys.Grant(job.ID, 1), string(g.Encode()))
	a.await(t, "a refuses", func(s sweep.State) bool { return s.Err != nil && strings.Contains(s.Err.Error(), "does not allow") })
	fleettest.AwaitGone(t, w.admin, w.keys.HostScans("a"))
	a.end()
	if len(w.asked.portals) > 0 {
		t.Errorf("asked %v", w.asked.portals)
	}
}
