package view

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// TestScans: a View has the shared scans that run, whichever of their keys comes first, and no
// more of them than MaxScans.
func TestScans(t *testing.T) {
	t.Parallel()
	keys, err := fleet.NewKeys("lab")
	if err != nil {
		t.Fatal(err)
	}
	s := newState(keys)
	put := func(key string, value []byte) {
		s.put(&mvccpb.KeyValue{Key: []byte(key), Value: value, ModRevision: 1})
	}
	job := func(id string) {
		j := &fleet.Job{
			ID: id, Asker: "me", ShardSize: 4, Ports: []uint16{3260}, ShardTime: 60,
			Ranges: []fleet.Range{{First: netip.MustParseAddr("192.0.2.0"), Last: netip.MustParseAddr("192.0.2.15")}},
		}
		put(keys.Job(id), j.Encode())
	}
	const id = "0123456789abcdef"
	put(keys.Blame(id, "liar"), (&fleet.Blame{Host: "liar", Why: "it lies"}).Encode())
	if got := s.view().Scans; got != nil {
		t.Errorf("got %+v of no job", got)
	}
	job(id)
	put(keys.Grant(id, 0), (&fleet.Grant{Host: "b", Offer: 1, Number: 1}).Encode())
	put(keys.Grant(id, 1), (&fleet.Grant{Host: "a", Offer: 1, Number: 1}).Encode())
	put(keys.Grant(id, 4), (&fleet.Grant{Host: "c", Offer: 1, Number: 1}).Encode()) // it has no shard 4
	put(keys.Read(id, 0), []byte("b"))
	want := []Scan{{ID: id, Asker: "me", Portals: 16, Shards: 4, Read: 1, Asking: 1, Hosts: []string{"a", "b"}, Refused: []string{"liar"}}}
	if got := s.view().Scans; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for n := range 2 * MaxScans {
		put(keys.Blame(fmt.Sprintf("%016x", n), "h"), (&fleet.Blame{Host: "h"}).Encode())
	}
	for n := range 2 * MaxScans {
		job(fmt.Sprintf("%016x", 1000+n))
	}
	if got := s.view().Scans; len(got) != MaxScans || len(s.scans) != MaxScans || s.view().OddCount != 0 {
		t.Errorf("got %d scans, and %d odd keys", len(got), s.view().OddCount)
	}
	s.remove(&mvccpb.KeyValue{Key: []byte(keys.Job(id)), ModRevision: 2})
	if got := s.view().Scans; len(got) != MaxScans-1 {
		t.Errorf("got %d scans after one has ended", len(got))
	}
}
