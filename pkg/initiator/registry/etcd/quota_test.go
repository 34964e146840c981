package etcd_test

import (
	"errors"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestQuota: where the database is full, changes fail and say so, what is there can be
// read and deleted, and after the repair that the error names changes are made again.
func TestQuota(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := etcdtest.Start(t, etcdtest.Options{Kind: kind, Quota: 8 << 20})
			client := dial(t, etcd.Config{Endpoints: []string{server.URL()}, DialTimeout: 20 * time.Second, RequestTimeout: time.Minute})
			s := open(t, client, "q/")
			apply(t, s, set("k", []byte("1")), set("large", value('a', 2*etcd.PartLen)))
			last := fillUp(t, s)
			wantState(t, last, etcd.NoSpace)
			for _, v := range [][]byte{[]byte("2"), value('b', etcd.InlineMax+1)} {
				wantState(t, s.Apply(t.Context(), set("k", v)), etcd.NoSpace)
			}
			wantValue(t, s, "k", []byte("1"))
			wantValue(t, s, "large", value('a', 2*etcd.PartLen))
			open(t, client, "q/")
			_, err := etcd.Open(t.Context(), client, "another/")
			wantState(t, err, etcd.NoSpace)

			apply(t, s, remove("fill"), remove("large"))
			repair(t, server)
			apply(t, s, set("k", value('b', etcd.InlineMax+1)))
			wantValue(t, s, "k", value('b', etcd.InlineMax+1))
		})
	}
}

// fillUp writes until that fails, and returns the error.
func fillUp(t *testing.T, s registry.Store) error {
	t.Helper()
	for range 100 {
		if err := s.Apply(t.Context(), set("fill", value('f', etcd.PartLen))); err != nil {
			return err
		}
	}
	return errors.New("the quota has no effect")
}

// repair does what the error of a full database says.
func repair(t *testing.T, server *etcdtest.Server) {
	t.Helper()
	client := server.Client(t)
	server.Compact(t)
	if _, err := client.Defragment(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AlarmDisarm(t.Context(), &clientv3.AlarmMember{}); err != nil {
		t.Fatal(err)
	}
}
