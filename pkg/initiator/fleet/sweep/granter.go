package sweep

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// How the Granter waits.
const (
	grantGap   = 50 * time.Millisecond // what changes within it is taken together
	blameGrace = 2 * DefaultTTL        // for a host that was taken out of a job to say that it asks nothing
)

// A Granter grants shards of all jobs of a fleet. It is for the elected leader: all its
// writes hold only if Fence does.
type Granter struct {
	Client *clientv3.Client
	Keys   fleet.Keys
	Fence  clientv3.Cmp

	// Report is called from the goroutine of Run when what failed is another thing; nil error:
	// nothing fails any more. nil: it is not told.
	Report func(error)

	told string // of the goroutine of Run
}

// Run grants shards until ctx ends. What fails is tried again.
func (g *Granter) Run(ctx context.Context) {
	for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, lastWait) {
		began := time.Now()
		err := g.run(clientv3.WithRequireLeader(ctx))
		if said := (*etcd.Error)(nil); errors.As(err, &said) && said.State == etcd.Compacted {
			err = nil // all is read again
		}
		if ctx.Err() != nil {
			return
		}
		g.report(err)
		if err == nil {
			wait = firstWait / 2
			continue
		}
		if time.Since(began) > lastWait {
			wait = firstWait
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

func (g *Granter) report(err error) {
	if g.Report != nil && text(err) != g.told {
		g.Report(err)
	}
	g.told = text(err)
}

// run waits until there is something of a job, reads all that is of jobs, and grants until
// there is none; it returns nil then.
func (g *Granter) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := g.await(ctx); err != nil {
		return err
	}
	t := &table{Granter: g, jobs: map[string]*job{}}
	scans, hosts := g.Keys.Scans(), g.Keys.Hosts()
	end := clientv3.GetPrefixRangeEnd(scans)
	var offers []string
	revision, err := list(ctx, g.Client, scans, end, 0, func(kv *mvccpb.KeyValue) { t.put(kv) })
	if err != nil {
		return explain(g.Client, "read shared scans below", scans, err)
	}
	_, err = listNames(ctx, g.Client, hosts, clientv3.GetPrefixRangeEnd(hosts), revision, func(kv *mvccpb.KeyValue) {
		k := g.Keys.Parse(string(kv.Key))
		if isOf := k.Kind == fleet.KindOffer || k.Kind == fleet.KindDelivery; isOf && t.jobs[k.Job] != nil {
			offers = append(offers, string(kv.Key))
		}
	})
	if err != nil {
		return explain(g.Client, "list what hosts offer below", hosts, err)
	}
	for _, key := range offers {
		got, err := get(ctx, g.Client, key, clientv3.WithRev(revision))
		if err != nil {
			return explain(g.Client, "read", key, err)
		}
		for _, kv := range got.Kvs {
			t.put(kv)
		}
	}
	// One watch for what hosts and others write, so that it comes in order; host/ < scan/.
	watch := g.Client.Watch(ctx, hosts, clientv3.WithRange(end), clientv3.WithRev(revision+1), clientv3.WithFragment())
	return t.loop(ctx, watch)
}

// await returns when there is a key of a job.
func (g *Granter) await(ctx context.Context) error {
	scans := g.Keys.Scans()
	got, err := get(ctx, g.Client, scans, clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		return explain(g.Client, "look for shared scans below", scans, err)
	}
	if got.Count > 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for r := range g.Client.Watch(ctx, scans, clientv3.WithPrefix(), clientv3.WithRev(got.Header.Revision+1), clientv3.WithFilterDelete()) {
		if err := r.Err(); err != nil {
			return explain(g.Client, "watch shared scans below", scans, err)
		}
		if len(r.Events) > 0 {
			return nil
		}
	}
	return etcd.ErrWatchEnded
}

// loop grants what can be granted, and takes what changes.
func (t *table) loop(ctx context.Context, watch clientv3.WatchChan) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := t.act(ctx); err != nil {
			return err
		}
		t.report(nil)
		if len(t.jobs) == 0 {
			return nil
		}
		var gap <-chan time.Time
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-gap:
				waiting = false
			case <-tick.C:
				waiting = false
			case r, open := <-watch:
				if err := etcd.WatchError(r, open); err != nil {
					return explain(t.Client, "watch shared scans below", t.Keys.Scans(), err)
				}
				for _, e := range r.Events {
					if e.Type == clientv3.EventTypePut {
						t.put(e.Kv)
					} else {
						t.remove(string(e.Kv.Key))
					}
				}
				if gap == nil {
					gap = time.After(grantGap)
				}
			}
		}
	}
}
