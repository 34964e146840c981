package leader_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// testGrants: the host that leads grants shards of shared scans, and removes what is left of
// one that ended.
func testGrants(t *testing.T, server *etcdtest.Server) {
	client, keys := server.Client(t), fleettest.Keys(t, "grants")
	h := fleettest.NewHost(t, client, keys, "h")
	start(t, client, keys, "lead")
	at := netip.MustParseAddr("192.0.2.1")
	job := &fleet.Job{ID: fleet.NewJobID(), Ranges: []fleet.Range{{First: at, Last: at}}, Ports: []uint16{3260}, ShardSize: 1, ShardTime: 60}
	fleettest.Put(t, client, keys.Job(job.ID), string(job.Encode()))
	o := fleet.Offer{Host: "h", Capacity: 1, Allowed: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	h.Put(keys.Offer("h", job.ID), o.Encode())
	fleettest.AwaitThere(t, client, keys.Grant(job.ID, 0))
	h.Delete(keys.Job(job.ID))
	fleettest.AwaitGone(t, client, keys.Scans())
}
