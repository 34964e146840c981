package etcd_test

import (
	"fmt"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// listed is how many records BenchmarkList works on.
const listed = 10_000

// benchmarked is of about the size of a target's record.
const benchmarked = `{"name":"iqn.2026-11.com.example:disk000001","alias":"","addresses":[{"address":"192.0.2.10","port":3260,"group":1}],` +
	`"first_seen":"2026-11-29T12:00:00Z","last_seen":"2026-11-30T12:00:00Z"}`

// benchmarkWorld starts a server that does not wait for the disk, which is not what is
// measured.
func benchmarkWorld(b *testing.B) (*etcd.Store, *clientv3.Client) {
	b.Helper()
	server := etcdtest.Start(b, etcdtest.Options{Kind: etcdtest.Built})
	client, err := etcd.Dial(b.Context(), etcd.Config{Endpoints: []string{server.URL()}, DialTimeout: 20 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close() })
	s, err := etcd.Open(b.Context(), client, "bench/")
	if err != nil {
		b.Fatal(err)
	}
	return s, client
}

// BenchmarkApply changes records, one and MaxChanges at once, beside a bare Put of etcd's
// client and a bare transaction of as many.
func BenchmarkApply(b *testing.B) {
	s, client := benchmarkWorld(b)
	b.Run("floor, one Put", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := client.Put(b.Context(), fmt.Sprintf("floor/%d", i%1000), benchmarked); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor, 60 Puts", func(b *testing.B) {
		for b.Loop() {
			var puts []clientv3.Op
			for i := range etcd.MaxChanges {
				puts = append(puts, clientv3.OpPut(fmt.Sprintf("floor/%d", i), benchmarked))
			}
			if _, err := client.Txn(b.Context()).Then(puts...).Commit(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, n := range []int{1, etcd.MaxChanges} {
		b.Run(fmt.Sprintf("%d changes", n), func(b *testing.B) {
			for b.Loop() {
				var changes []registry.Change
				for i := range n {
					changes = append(changes, set(fmt.Sprintf("target/%d", i), []byte(benchmarked)))
				}
				if err := s.Apply(b.Context(), changes...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkList lists 10,000 records, beside one bare Range of all of them.
func BenchmarkList(b *testing.B) {
	s, client := benchmarkWorld(b)
	for i := 0; i < listed; i += etcd.MaxChanges {
		var changes []registry.Change
		for k := i; k < min(listed, i+etcd.MaxChanges); k++ {
			changes = append(changes, set(fmt.Sprintf("target/%05d", k), []byte(benchmarked)))
		}
		if err := s.Apply(b.Context(), changes...); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("floor, one Range", func(b *testing.B) {
		for b.Loop() {
			answer, err := client.Get(b.Context(), "bench/r/", clientv3.WithPrefix())
			if err != nil || answer.Count != listed {
				b.Fatalf("got %v, %v", answer.Count, err)
			}
		}
	})
	b.Run("List", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for _, err := range s.List(b.Context(), "target/") {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != listed {
				b.Fatalf("got %d records, want %d", n, listed)
			}
		}
	})
}
