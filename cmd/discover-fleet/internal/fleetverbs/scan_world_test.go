package fleetverbs

import (
	"context"
	"iter"
	"net/netip"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// leads has a host lead the fleet until the test ends.
func (w *world) leads(name string) {
	w.t.Helper()
	l, err := leader.New(leader.Config{Client: w.client, Keys: w.keys, Name: name, Every: time.Second})
	if err != nil {
		w.t.Fatal(err)
	}
	w.goes(l.Run)
}

// goes runs something until the test ends.
func (w *world) goes(run func(context.Context)) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var running sync.WaitGroup
	running.Go(func() { run(ctx) })
	w.t.Cleanup(func() { cancel(); running.Wait() })
}

// scans has a host of the fleet take part in scans of a block.
func (w *world) scans(name, allow string, ask sweep.Ask) {
	w.t.Helper()
	fleettest.NewHost(w.t, w.client, w.keys, name)
	worker, err := sweep.New(sweep.Config{
		Client: w.client, Keys: w.keys, Name: name, Allow: []netip.Prefix{netip.MustParsePrefix(allow)}, Capacity: 2, Ask: ask,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.goes(worker.Run)
	fleettest.AwaitThere(w.t, w.client, w.keys.Known(name)) // the leader has seen it
}

// answers is a network in which each address that ends in 0 has a target, and those that end
// in 1 refuse the login.
func answers(ctx context.Context, _ *fleet.Job, portals iter.Seq[netip.AddrPort]) iter.Seq[fleet.Finding] {
	return func(yield func(fleet.Finding) bool) {
		for p := range portals {
			if ctx.Err() != nil || !yield(found(p)) {
				return
			}
		}
	}
}

// after answers when something has happened.
func after(happened <-chan struct{}) sweep.Ask {
	return func(ctx context.Context, job *fleet.Job, portals iter.Seq[netip.AddrPort]) iter.Seq[fleet.Finding] {
		select {
		case <-happened:
		case <-ctx.Done():
		}
		return answers(ctx, job, portals)
	}
}

func found(p netip.AddrPort) fleet.Finding {
	b := p.Addr().As4()
	switch b[3] % 10 {
	case 0:
		t := target.Target{Name: "iqn.x:" + p.Addr().String(), Alias: evilText, Addresses: []target.Address{{Host: p.Addr().String(), Port: p.Port(), Group: 1}}}
		return fleet.Finding{Portal: p, Source: "192.0.2.250", Up: true, Count: 1, Targets: []target.Target{t}, Outcome: "answered", IPsec: "none"}
	case 1:
		return fleet.Finding{Portal: p, Stage: "login", Code: 0xefff0006, Message: "login refused " + evilText, Outcome: "refusing", Why: "CHAP " + evilText}
	}
	return fleet.Finding{Portal: p, Stage: "connect", Code: 0xefff0003, Message: "no answer", Outcome: "silent", Why: "no answer in time"}
}

// evilText is what a hostile portal or host says.
const evilText = "\x1b[2J\u202e%s\r\nfake"

// lies has a host offer to take part, and deliver what is no shard. caught is closed when it
// was taken out of a scan.
func (w *world) lies(name, allow string) (caught chan struct{}) {
	w.t.Helper()
	caught = make(chan struct{})
	var once sync.Once
	h := fleettest.NewHost(w.t, w.client, w.keys, name)
	watch := w.client.Watch(w.t.Context(), w.keys.Scans(), clientv3.WithPrefix(), clientv3.WithFilterDelete(), clientv3.WithCreatedNotify())
	<-watch
	put := func(ctx context.Context, key string, value []byte) {
		_, _ = w.client.Put(ctx, key, string(value), clientv3.WithLease(h.Lease)) // the test may be over
	}
	w.goes(func(ctx context.Context) {
		for {
			select {
			case <-ctx.Done():
				return
			case r := <-watch:
				for _, e := range r.Events {
					switch k := w.keys.Parse(string(e.Kv.Key)); k.Kind {
					case fleet.KindJob:
						put(ctx, w.keys.Offer(name, k.Job), (&fleet.Offer{Host: name, Capacity: 1, Allowed: []netip.Prefix{netip.MustParsePrefix(allow)}}).Encode())
					case fleet.KindGrant:
						if g, err := fleet.DecodeGrant(e.Kv.Value); err == nil && g.Host == name {
							put(ctx, w.keys.Delivered(name, k.Job, k.Shard), []byte(evilText))
						}
					case fleet.KindBlame:
						if k.Host == name {
							once.Do(func() { close(caught) })
							_, _ = w.client.Delete(ctx, w.keys.Offer(name, k.Job))
						}
					}
				}
			}
		}
	})
	fleettest.AwaitThere(w.t, w.client, w.keys.Known(name))
	return caught
}
