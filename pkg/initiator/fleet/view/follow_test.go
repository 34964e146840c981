package view

import (
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
)

// TestFollowerEnds: what a watch brought just before it broke is in the View, though no time
// was left to wait for more.
func TestFollowerEnds(t *testing.T) {
	t.Parallel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"127.0.0.1:1"}, Logger: zap.NewNop()}) // it connects to nothing
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	keys := fleettest.Keys(t, "f")
	r := NewReader(client, keys)
	f := &follower{Reader: r, state: newState(keys), next: []int64{1, 1}, brought: make(chan news)}
	done := make(chan error)
	go func() { done <- f.run(t.Context()) }()
	for i, host := range []string{"a", "b"} {
		kv := &mvccpb.KeyValue{Key: []byte(keys.Info(host)), Value: (&fleet.Info{Host: host}).Encode(), ModRevision: int64(7 + i)}
		f.brought <- news{response: clientv3.WatchResponse{Events: []*clientv3.Event{{Type: clientv3.EventTypePut, Kv: kv}}}}
	}
	f.brought <- news{ended: true}
	if err := <-done; err == nil {
		t.Error("the watch ended, and no error says so")
	}
	if v := r.View(); len(v.Hosts) != 2 || v.Revision != 8 || f.next[0] != 9 {
		t.Errorf("got hosts %v at revision %d, next %d", v.Hosts, v.Revision, f.next[0])
	}
}
