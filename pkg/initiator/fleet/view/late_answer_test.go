package view

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
)

// A slowKV answers each Get when the test says at which revision.
type slowKV struct {
	clientv3.KV
	asked   chan struct{}
	answers chan int64
}

func (k *slowKV) Get(ctx context.Context, _ string, _ ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	select {
	case k.asked <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case revision := <-k.answers:
		return &clientv3.GetResponse{Header: &etcdserverpb.ResponseHeader{Revision: revision}}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestLateAnswer: a change that comes while etcd is asked whether it is there makes its answer
// no older store. An answer that was older already when it was asked is one.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer int64
		again  bool
	}{
		{"of before the change", 7, false},
		{"of after it", 8, false},
		{"of an older store", 6, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := clientv3.New(clientv3.Config{Endpoints: []string{"127.0.0.1:1"}, Logger: zap.NewNop()}) // it connects to nothing
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			kv := &slowKV{asked: make(chan struct{}), answers: make(chan int64)}
			client.KV = kv
			keys := fleettest.Keys(t, "f")
			r := NewReader(client, keys)
			r.SetBeat(time.Millisecond)
			f := &follower{Reader: r, state: newState(keys), next: []int64{8, 8}, brought: make(chan news)}
			f.state.revision = 7
			done := make(chan error)
			go func() { done <- f.run(t.Context()) }()
			<-kv.asked
			info := &mvccpb.KeyValue{Key: []byte(keys.Info("a")), Value: (&fleet.Info{Host: "a"}).Encode(), ModRevision: 8}
			f.brought <- news{response: clientv3.WatchResponse{Events: []*clientv3.Event{{Type: clientv3.EventTypePut, Kv: info}}}}
			kv.answers <- tt.answer
			again := (*againError)(nil)
			if tt.again {
				if err := <-done; !errors.As(err, &again) {
					t.Errorf("got %v, want that all is listed again", err)
				}
				return
			}
			select {
			case <-kv.asked: // the answer was taken, and etcd is asked again
			case err := <-done:
				t.Fatalf("got %v: the fleet is listed again", err)
			}
			f.brought <- news{ended: true}
			if err := <-done; errors.As(err, &again) {
				t.Errorf("got %v: the fleet is listed again", err)
			}
		})
	}
}
