package pair_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/pair"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestDenied: a member that may not read the registry gives the seat back, says so once, and
// is active when it may read; a member that works keeps the seat.
func TestDenied(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			client := connect(t, etcdtest.Shared(t, kind).URL())
			prefix := etcdtest.Name("pair") + "/"
			var state atomic.Int32
			state.Store(int32(etcd.Denied))
			asked := make(chan bool, 100)
			one := newMemberThat(t, pair.Config{Client: client, Prefix: prefix, Name: "one", TTL: time.Hour, Readable: func(context.Context) error {
				asked <- true
				if s := etcd.State(state.Load()); s != etcd.Other {
					return &etcd.Error{What: "read", State: s}
				}
				return nil
			}})
			one.until("its error is told", func(s pair.State) bool { return !s.Active && s.Other == "" && s.Err != nil })
			two := newMember(t, client, prefix, "two", time.Hour)
			two.active()
			two.wantWork(true)
			for range 3 { // it is asked again, and another one is asking portals
				<-asked
			}
			left, err := client.Get(t.Context(), prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
			if err != nil || left.Count != 1 {
				t.Errorf("got %v, %v: want the seat of the one that asks alone", left, err)
			}
			if len(one.states) != 0 || len(one.works) != 0 {
				t.Errorf("got %d more states, %d works: want that it is said once, and nothing begins", len(one.states), len(one.works))
			}
			state.Store(int32(etcd.Unreachable)) // says nothing about rights
			one.standsBy("two")
			two.end()
			one.active()
			one.wantWork(true)
		})
	}
}

// TestDeniedWhileActive: the active one keeps its seat, also a new one after its lease was
// lost, since it goes on with what it read before.
func TestDeniedWhileActive(t *testing.T) {
	t.Parallel()
	client := connect(t, etcdtest.Shared(t, etcdtest.Built).URL())
	prefix := etcdtest.Name("pair") + "/"
	var denied atomic.Bool
	one := newMemberThat(t, pair.Config{Client: client, Prefix: prefix, Name: "one", TTL: time.Hour, Readable: func(context.Context) error {
		if denied.Load() {
			return &etcd.Error{What: "read", State: etcd.Denied}
		}
		return nil
	}})
	one.active()
	one.wantWork(true)
	denied.Store(true)
	leases, err := client.Get(t.Context(), prefix, clientv3.WithPrefix())
	if err != nil || len(leases.Kvs) != 1 {
		t.Fatalf("got %v, %v, want one seat", leases, err)
	}
	if _, err := client.Revoke(t.Context(), clientv3.LeaseID(leases.Kvs[0].Lease)); err != nil {
		t.Fatal(err)
	}
	one.until("that its seat is gone", func(s pair.State) bool { return s.Active && s.Err != nil })
	one.active()
	if len(one.works) != 0 {
		t.Error("its work was interrupted")
	}
}
