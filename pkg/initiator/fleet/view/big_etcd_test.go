package view_test

import (
	"fmt"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestBigFleet: 80,000 paths are read in pages while they change. What is there throughout
// shows once, and what changes is seen as it was last.
func TestBigFleet(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a fleet of 80,000 paths takes seconds")
	}
	const hosts, paths = 10_000, 8
	server, keys := etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built}), fleettest.Keys(t, "big")
	client := server.Client(t)
	var ops []clientv3.Op
	commit := func(most int) {
		t.Helper()
		if len(ops) < most {
			return
		}
		if _, err := client.Txn(t.Context()).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
		ops = ops[:0]
	}
	put := func(host string, portal int, up bool) {
		p := &fleet.Path{Host: host, Up: up, Targets: 500, Answer: fleet.Digest{1, byte(portal)}}
		ops = append(ops, clientv3.OpPut(keys.Path(host, fleettest.Entry(fmt.Sprintf("192.0.2.%d", portal))), string(p.Encode())))
		commit(128)
	}
	for h := range hosts {
		host := fmt.Sprintf("h%05d", h)
		ops = append(ops, clientv3.OpPut(keys.Info(host), string((&fleet.Info{Host: host}).Encode())))
		commit(128)
		for p := range paths {
			put(host, p, true)
		}
	}
	commit(1)

	r := view.NewReader(client, keys)
	r.SetBeat(time.Second)
	run(t, r)
	failed := 0
	for r.View().Revision == 0 { // while it is read, and then no longer
		put(fmt.Sprintf("h%05d", failed*7%hosts), 3, false)
		failed++
		commit(1)
	}
	last := fmt.Sprintf("h%05d", (failed-1)*7%hosts)
	v := await(t, r, "the last change", func(v *view.View) bool { return !v.Hosts[last].Paths[fleettest.Entry("192.0.2.3")].Up })
	if len(v.Hosts) != hosts || v.OddCount != 0 {
		t.Errorf("got %d hosts, %d odd keys", len(v.Hosts), v.OddCount)
	}
	for _, p := range v.Portals() {
		want := 0
		if p.Portal.Address == "192.0.2.3" {
			want = min(failed, hosts)
		}
		if p.Hosts != hosts || p.Failing != want {
			t.Errorf("%v: got %d hosts, of which %d fail; want %d, %d", p.Portal, p.Hosts, p.Failing, hosts, want)
		}
	}
	t.Logf("%d paths changed while the fleet was read", failed)
}
