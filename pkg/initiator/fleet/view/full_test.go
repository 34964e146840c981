package view_test

import (
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestFull: where the database has reached its quota a view says so, also the first one of a
// Reader, until there is room again: what hosts see cannot be written, and their leases last.
func TestFull(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server, keys := etcdtest.Start(t, etcdtest.Options{Kind: kind, Quota: 4 << 20}), fleettest.Keys(t, "full")
			client := server.Client(t)
			r := follow(t, client, keys)
			if v := await(t, r, "the first view", func(v *view.View) bool { return !v.AsOf.IsZero() }); v.Full {
				t.Error("it is full at once")
			}
			// The test fills it.
			big := strings.Repeat("x", 1<<20)
			for {
				if _, err := client.Put(t.Context(), "big", big); err != nil {
					break
				}
			}
			await(t, r, "that it is full", func(v *view.View) bool { return v.Full })
			late := follow(t, client, keys)
			if v := await(t, late, "the first view", func(v *view.View) bool { return !v.AsOf.IsZero() }); !v.Full {
				t.Error("the first view of a Reader does not say that it is full")
			}
			if _, err := client.Delete(t.Context(), "big"); err != nil {
				t.Fatal(err)
			}
			server.Compact(t)
			if _, err := client.Defragment(t.Context(), server.URL()); err != nil {
				t.Fatal(err)
			}
			if _, err := client.AlarmDisarm(t.Context(), new(clientv3.AlarmMember)); err != nil {
				t.Fatal(err)
			}
			await(t, r, "that there is room", func(v *view.View) bool { return !v.Full })
		})
	}
}
