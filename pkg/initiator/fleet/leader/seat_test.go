package leader

import (
	"context"
	"errors"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestLateWrite: what a leader writes after its lease has ended is refused by etcd, also
// before it knows that the lease has.
func TestLateWrite(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			client, keys := etcdtest.Shared(t, kind).Client(t), fleettest.Keys(t, "f")
			seats := make([]*seat, 2)
			leaders := make([]*Leader, 2)
			for i, name := range []string{"one", "two"} {
				l, err := New(Config{Client: client, Keys: keys, Name: name, TTL: 3600 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				if seats[i], err = l.sit(t.Context(), func(error) {}); err != nil {
					t.Fatal(err)
				}
				leaders[i] = l
			}
			if err := leaders[0].await(t.Context(), seats[0]); err != nil {
				t.Fatal(err)
			}
			if _, err := seats[0].write(t.Context(), clientv3.OpPut(keys.Known("h"), "of one")); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error)
			go func() { ended <- leaders[1].await(t.Context(), seats[1]) }()
			if _, err := client.Revoke(t.Context(), seats[0].Lease); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if _, err := seats[1].write(t.Context(), clientv3.OpPut(keys.Known("h"), "of two")); err != nil {
				t.Fatal(err)
			}
			deposed := (*DeposedError)(nil)
			if _, err := seats[0].write(t.Context(), clientv3.OpPut(keys.Known("h"), "late")); !errors.As(err, &deposed) {
				t.Errorf("got %v, want a DeposedError", err)
			}
			got, err := client.Get(t.Context(), keys.Known("h"))
			if err != nil || string(got.Kvs[0].Value) != "of two" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// TestAwaitEnds: a candidate that waits ends with its context.
func TestAwaitEnds(t *testing.T) {
	t.Parallel()
	client, keys := etcdtest.Shared(t, etcdtest.Built).Client(t), fleettest.Keys(t, "f")
	fleettest.Put(t, client, keys.Leader()+"/0", "older")
	l, err := New(Config{Client: client, Keys: keys, Name: "h"})
	if err != nil {
		t.Fatal(err)
	}
	watch := client.Watch(t.Context(), keys.Leader()+"/", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	<-watch
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); l.Run(ctx) }()
	<-watch // the candidate's key
	cancel()
	<-done
	got, err := client.Get(t.Context(), keys.Leader()+"/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil || got.Count != 1 {
		t.Errorf("got %v, %v: want the other candidate alone", got, err)
	}
}
