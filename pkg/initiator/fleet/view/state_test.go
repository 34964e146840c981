package view

import (
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
)

// TestServerBesidePortal: a portal and an iSNS server at one address are two, and one of them
// that is gone leaves the other.
func TestServerBesidePortal(t *testing.T) {
	t.Parallel()
	s := newState(fleettest.Keys(t, "f"))
	entry := fleettest.Entry("192.0.2.1")
	server := entry
	server.ISNS = true
	put := func(key string, value []byte) { s.put(&mvccpb.KeyValue{Key: []byte(key), Value: value}) }
	put(s.keys.Info("a"), (&fleet.Info{Host: "a"}).Encode())
	put(s.keys.Path("a", entry), (&fleet.Path{Host: "a", Up: true, Targets: 1}).Encode())
	put(s.keys.Path("a", server), (&fleet.Path{Host: "a", ISNS: true, Stage: "connect"}).Encode())
	got := s.view().Portals()
	if len(got) != 2 || got[0].Portal != got[1].Portal || got[0].ISNS || !got[1].ISNS || got[0].Failing != 0 || got[1].Failing != 1 {
		t.Errorf("got %+v", got)
	}
	s.remove(&mvccpb.KeyValue{Key: []byte(s.keys.Path("a", server))})
	if got := s.view().Portals(); len(got) != 1 || got[0].ISNS {
		t.Errorf("got %+v", got)
	}
}
