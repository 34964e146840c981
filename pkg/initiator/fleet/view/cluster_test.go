package view_test

import (
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestCluster: three members. One may die; without a majority the view is stale, and when
// there is one again nothing is lost.
func TestCluster(t *testing.T) {
	t.Parallel()
	members := etcdtest.StartCluster(t, etcdtest.Options{Kind: etcdtest.Built}, etcdtest.Place{}, etcdtest.Place{}, etcdtest.Place{})
	keys := fleettest.Keys(t, "f")
	var urls []string
	for _, m := range members {
		urls = append(urls, m.URL())
	}
	client, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: urls})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	fleettest.NewHost(t, client, keys, "a")
	r := follow(t, client, keys)
	await(t, r, "host a", func(v *view.View) bool { return v.Hosts["a"] != nil })

	for i, name := range []string{"b", "c", "d"} {
		members[i].Kill()
		retry(t, client, keys, name)
		await(t, r, "host "+name, func(v *view.View) bool { return v.Hosts[name] != nil && v.Stale.IsZero() })
		members[i].Start(t)
		members[i].AwaitHealthy(t)
	}

	members[0].Kill()
	members[1].Kill()
	v := await(t, r, "stale", func(v *view.View) bool { return !v.Stale.IsZero() })
	if len(v.Hosts) != 4 || v.Err == nil {
		t.Errorf("got %d hosts, %v", len(v.Hosts), v.Err)
	}
	members[0].Start(t)
	members[1].Start(t)
	members[1].AwaitHealthy(t)
	retry(t, client, keys, "e")
	after := await(t, r, "host e", func(v *view.View) bool { return v.Hosts["e"] != nil && v.Stale.IsZero() })
	if len(after.Hosts) != 5 {
		t.Errorf("got %d hosts, want 5", len(after.Hosts))
	}
	if events := view.Events(v, after); len(events) != 1 || events[0].Type != view.HostAppeared || events[0].Host != "e" {
		t.Errorf("got %v, want that host e appeared", events)
	}
}

// retry writes a host's record; while members elect their leader an attempt may fail.
func retry(t *testing.T, client *clientv3.Client, keys fleet.Keys, name string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(fleettest.Limit)
	for {
		_, err := client.Put(t.Context(), keys.Info(name), string((&fleet.Info{Host: name}).Encode()))
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal(err)
		}
	}
}
