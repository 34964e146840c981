package leader_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// testNext: a leader that ends gives its lease back, and the next one leads; what is stored
// stays.
func testNext(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "next")
	h := fleettest.NewHost(t, client, keys, "h")
	a := h.See("192.0.2.1", "iqn.2026-01.example:1")
	serve(h, a)
	one := start(t, client, keys, "one")
	one.await(t, "one leads and copies", func(s leader.State) bool { return s.Copied == 1 })
	got, err := client.Get(t.Context(), keys.Copied(a.Digest, 0))
	if err != nil {
		t.Fatal(err)
	}
	start(t, client, keys, "two")
	start(t, client, keys, "three")
	reader := view.NewReader(client, keys)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { reader.Run(ctx) })
	defer running.Wait()
	defer cancel()
	one.end()
	limit := time.After(fleettest.Limit)
	for reader.View().Leader == "" || reader.View().Leader == "one" {
		select {
		case <-reader.Changed():
		case <-limit:
			t.Fatalf("the view has leader %q", reader.View().Leader)
		}
	}
	after, err := client.Get(t.Context(), keys.Copied(a.Digest, 0))
	if err != nil || after.Count != 1 || after.Kvs[0].ModRevision != got.Kvs[0].ModRevision {
		t.Errorf("the copy was written again: got %v, %v", after, err)
	}
}

// testCutOff: a leader that is cut off knows that it leads no longer, another one does, and it
// is a candidate again when it is back.
func testCutOff(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "cut")
	proxy := fleettest.NewProxy(t, server.Address().String())
	far, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{"http://" + proxy.Address}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	one := start(t, far, keys, "one")
	one.await(t, "one leads", leads)
	two := start(t, client, keys, "two")
	proxy.Cut()
	two.await(t, "two leads", leads)
	one.await(t, "one knows that it does not", func(s leader.State) bool { return !s.Leading && s.Err != nil })
	h := fleettest.NewHost(t, client, keys, "h")
	serve(h, h.See("192.0.2.1", "iqn.2026-01.example:1"))
	two.await(t, "two copies", func(s leader.State) bool { return s.Copied == 1 })
	proxy.Lead(server.Address().String())
	one.await(t, "one is a candidate again", func(s leader.State) bool { return !s.Leading && s.Err == nil })
	two.end()
	one.await(t, "one leads again", func(s leader.State) bool { return s.Leading && s.Copied == 1 })
}

// testTakesOver: what the leader before was asking for when it died.
func testTakesOver(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "takes-over")
	h := fleettest.NewHost(t, client, keys, "h")
	a := h.See("192.0.2.1", "iqn.2026-01.example:1")
	asked := make(chan fleet.Digest, 10)
	h.Serve(func(d fleet.Digest) { asked <- d })
	one := start(t, client, keys, "one")
	<-asked
	one.end()
	fleettest.AwaitGone(t, client, keys.Wants())
	start(t, client, keys, "two")
	h.Deliver(<-asked, a.Parts...)
	fleettest.AwaitThere(t, client, keys.Copied(a.Digest, 0))
}
