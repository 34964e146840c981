package sweep_test

import (
	"context"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A told is a KV that tells how each transaction ended.
type told struct {
	clientv3.KV
	ended chan bool // whether its conditions held
}

func (k *told) Txn(ctx context.Context) clientv3.Txn { return &toldTxn{k.KV.Txn(ctx), k.ended} }

type toldTxn struct {
	clientv3.Txn
	ended chan bool
}

func (t *toldTxn) If(c ...clientv3.Cmp) clientv3.Txn  { t.Txn = t.Txn.If(c...); return t }
func (t *toldTxn) Then(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Then(o...); return t }
func (t *toldTxn) Commit() (*clientv3.TxnResponse, error) {
	r, err := t.Txn.Commit()
	if err == nil {
		t.ended <- r.Succeeded
	}
	return r, err
}

// testFence: what a leader writes that was deposed is refused.
func testFence(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "fence")
	client := server.Client(t)
	kv := &told{client.KV, make(chan bool, 1000)}
	client.KV = kv
	g := &sweep.Granter{Client: client, Keys: w.keys, Fence: clientv3.Compare(clientv3.CreateRevision(w.keys.Leader()+"/gone"), "=", 1)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx) })
	defer running.Wait()
	defer cancel()
	w.host("a")
	job := newJob("192.0.2.0", "192.0.2.63", 64)
	fleettest.Put(t, w.admin, w.keys.Job(job.ID), string(job.Encode()))
	isRefused := func(what string) {
		select {
		case held := <-kv.ended:
			if held {
				t.Errorf("%s: it was written", what)
			}
		case <-time.After(fleettest.Limit):
			t.Errorf("%s: nothing was tried", what)
		}
	}
	isRefused("a grant")
	w.remove(w.keys.Job(job.ID)) // the job ends
	for len(kv.ended) > 0 {
		<-kv.ended
	}
	isRefused("clearing")
}

// testAnotherGrant: what a host delivers for another grant of the shard than the one that holds
// does not count.
func testAnotherGrant(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "anothergrant")
	w.grant("lead")
	w.liar("early", func(l *liar, job *fleet.Job, n int, g *fleet.Grant) {
		d, parts := honest(job, n, l.h.Name, g)
		d.Number++
		l.put(job, n, d, parts...)
		fleettest.AwaitThere(t, w.admin, w.keys.Blame(job.ID, "early")) // it takes too long
		l.h.Delete(w.keys.Offer("early", job.ID))
	})
	w.host("honest", func(c *sweep.Config) { c.Capacity = 1 })
	job := newJob("192.0.2.0", "192.0.2.127", 32)
	job.ShardTime = 5
	w.scan(job, func(_ int, r *sweep.Result) {
		if r.Host == "early" {
			t.Errorf("shard %d is of a host whose delivery is not for its grant", r.Shard)
		}
	})
}

// testJobChanges: a host takes no part any more in a job whose record changes.
func testJobChanges(t *testing.T, server *etcdtest.Server) {
	w := newWorld(t, server, "jobchanges")
	w.host("a")
	job := newJob("192.0.2.0", "192.0.2.63", 64)
	fleettest.Put(t, w.admin, w.keys.Job(job.ID), string(job.Encode()))
	fleettest.AwaitThere(t, w.admin, w.keys.Offer("a", job.ID))
	job.Ranges[0].Last = job.Ranges[0].First
	fleettest.Put(t, w.admin, w.keys.Job(job.ID), string(job.Encode()))
	fleettest.AwaitGone(t, w.admin, w.keys.Offer("a", job.ID))
}

// remove removes a key.
func (w *world) remove(key string) {
	w.Helper()
	if _, err := w.admin.Delete(w.Context(), key); err != nil {
		w.Fatal(err)
	}
}
