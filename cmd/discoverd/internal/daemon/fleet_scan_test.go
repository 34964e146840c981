package daemon

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// secret is an address of which a policy says that it is asked under IPsec.
const secret = "127.0.0.9"

// scanOf asks for a scan of 127.0.0.1 to 127.0.0.30, calls first with the first result, and
// returns what became of each address.
func scanOf(t *testing.T, s *sweep.Scan, port uint16, change func(*fleet.Job), first func()) (all map[string]fleet.Finding, hosts map[string]int) {
	t.Helper()
	s.Job = &fleet.Job{
		ID: fleet.NewJobID(), Asker: "me\x1b", ShardSize: 4, Ports: []uint16{port}, ShardTime: 60,
		Ranges: []fleet.Range{{First: netip.MustParseAddr("127.0.0.1"), Last: netip.MustParseAddr("127.0.0.30")}},
	}
	if change != nil {
		change(s.Job)
	}
	all, hosts = map[string]fleet.Finding{}, map[string]int{}
	for r, err := range s.Results(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == 0 && first != nil {
			first()
		}
		for _, f := range r.Findings {
			a := f.Portal.Addr().String()
			if _, twice := all[a]; twice {
				t.Errorf("%s is there twice", a)
			}
			all[a] = f
			hosts[r.Host]++
		}
	}
	if len(all) != 30 {
		t.Errorf("got results of %d addresses, want 30", len(all))
	}
	return all, hosts
}

// TestFleetScan: daemons share a scan under the rules of their registries, page, API and
// metrics tell it, and where one ends in the middle the others ask what it had.
func TestFleetScan(t *testing.T) {
	need.Linux(t) // it has all of 127.0.0.0/8
	t.Parallel()
	server := etcdtest.Shared(t, etcdtest.Built)
	client, keys := server.Client(t), fleettest.Keys(t, "lab")
	array := iscsitest.Listen(t, twoTargets)
	port := array.Addr.Port()
	one, two := newHouse(t), newHouse(t)
	for _, h := range []*house{one, two} {
		h.with(func(s *registry.Service) {
			if err := s.SetPolicy(t.Context(), registry.Policy{Selector: secret, Flags: ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport}); err != nil {
				t.Fatal(err)
			}
		})
	}
	one.inFleet(server, keys, "one", "--fleet-lead", "--fleet-scan-allow", "127.0.0.0/8")
	two.inFleet(server, keys, "two", "--fleet-scan-allow", "127.0.0.0/28", "--fleet-scan-allow", "127.0.0.16/28")
	one.hasLine("/metrics", "iscsi_discovery_fleet_leader 1")
	two.hasText("/api/v1/fleet/scans", `"scans":[]`)
	s := &sweep.Scan{Client: client, Keys: keys}
	all, _ := scanOf(t, s, port, nil, func() {
		two.hasText("/api/v1/fleet/scans", `"job":"`+s.Job.ID+`","asker":"me\u001b"`)
		two.hasText("/fleet", "Shared scans")
		for _, h := range []*house{one, two} {
			h.hasLine("/metrics", "iscsi_discovery_fleet_scans 1")
		}
	})
	for a, f := range all {
		want := fleet.Finding{Stage: "connect", Outcome: "refused"}
		switch a {
		case "127.0.0.1":
			want = fleet.Finding{Up: true, Count: 2, Outcome: "answered"}
		case secret:
			want = fleet.Finding{Stage: "secure", Outcome: "failed"}
		}
		if f.Up != want.Up || f.Count != want.Count || f.Stage != want.Stage || f.Outcome != want.Outcome || len(f.Targets) != want.Count {
			t.Errorf("%s: got %+v, want %+v", a, f, want)
		}
	}
	if f := all[secret]; !strings.Contains(f.Message, "no preshared key") {
		t.Errorf("got %q of the address under IPsec", f.Message)
	}
	fleettest.AwaitGone(t, client, keys.Scans())

	_, hosts := scanOf(t, s, port, func(j *fleet.Job) { j.ShardSize = 1 }, func() {
		if status := two.stop(); status != exit.OK {
			t.Errorf("got exit status %d", status)
		}
	})
	if hosts["one"] == 0 {
		t.Errorf("got results of %v", hosts)
	}
	fleettest.AwaitGone(t, client, keys.Scans())
	fleettest.AwaitGone(t, client, keys.HostScans("one"))
}

// TestFleetScanSecured: what is to be asked under IPsec, and cannot be, is not asked in clear.
func TestFleetScanSecured(t *testing.T) {
	need.Linux(t) // it has all of 127.0.0.0/8
	t.Parallel()
	server := etcdtest.Shared(t, etcdtest.Built)
	client, keys := server.Client(t), fleettest.Keys(t, "lab")
	array := iscsitest.Listen(t, twoTargets)
	h := newHouse(t)
	h.inFleet(server, keys, "one", "--fleet-lead", "--fleet-scan-allow", "127.0.0.0/8")
	secured := func(j *fleet.Job) { j.Flags = uint64(ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport) }
	all, _ := scanOf(t, &sweep.Scan{Client: client, Keys: keys}, array.Addr.Port(), secured, nil)
	if f := all["127.0.0.1"]; f.Up || f.Stage != "secure" || len(array.Sessions()) != 0 {
		t.Errorf("got %+v, and %d sessions in clear, of a scan under IPsec", f, len(array.Sessions()))
	}
}

// TestFleetScanRedirected: a host is led nowhere that it does not allow.
func TestFleetScanRedirected(t *testing.T) {
	t.Parallel()
	server := etcdtest.Shared(t, etcdtest.Built)
	client, keys := server.Client(t), fleettest.Keys(t, "lab")
	array := iscsitest.Listen(t, &iscsitest.Target{Redirect: "192.0.2.77:3260"})
	h := newHouse(t)
	h.inFleet(server, keys, "one", "--fleet-lead", "--fleet-scan-allow", "127.0.0.0/24")
	all, _ := scanOf(t, &sweep.Scan{Client: client, Keys: keys}, array.Addr.Port(), nil, nil)
	if f := all["127.0.0.1"]; f.Up || !strings.Contains(f.Message, "--fleet-scan-allow") {
		t.Errorf("got %+v", f)
	}
}

// TestFleetScanCutOff: what a host had when it was cut off is asked by another, and each
// address is in the results once.
func TestFleetScanCutOff(t *testing.T) {
	t.Parallel()
	server := etcdtest.Shared(t, etcdtest.Built)
	client, keys := server.Client(t), fleettest.Keys(t, "lab")
	array := iscsitest.Listen(t, twoTargets)
	port := array.Addr.Port()
	for last := byte(17); last <= 20; last++ { // these take connections, and say nothing
		l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, last}), port)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	proxy := fleettest.NewProxy(t, server.Address().String())
	one, two := newHouse(t), newHouse(t)
	one.inFleet(server, keys, "one", "--fleet-lead", "--fleet-scan-allow", "127.0.0.0/8")
	two.start("--fleet", fleettest.Name(keys), "--etcd", "http://"+proxy.Address, "--fleet-host", "two", "--fleet-scan-allow", "127.0.0.0/8")
	for _, h := range []*house{one, two} {
		h.hasLine("/metrics", "iscsi_discovery_fleet_connected 1")
	}
	var last sweep.Progress
	s := &sweep.Scan{Client: client, Keys: keys, Progress: func(p sweep.Progress) { last = p }}
	granted := client.Watch(t.Context(), keys.Scans(), clientv3.WithPrefix(), clientv3.WithFilterDelete())
	go func() {
		for r := range granted {
			for _, e := range r.Events {
				k := keys.Parse(string(e.Kv.Key))
				if g, err := fleet.DecodeGrant(e.Kv.Value); k.Kind == fleet.KindGrant && k.Shard >= 16 && k.Shard < 20 && err == nil && g.Host == "two" {
					proxy.Cut() // it waits for an address that says nothing
					return
				}
			}
		}
	}()
	all, _ := scanOf(t, s, port, func(j *fleet.Job) { j.ShardSize, j.Timeout = 1, 3 }, nil)
	if last.Again == 0 {
		t.Errorf("got %+v, want that a shard was given again", last)
	}
	for n := 17; n <= 20; n++ {
		if f := all["127.0.0."+strconv.Itoa(n)]; f.Up || f.Outcome != "foreign" {
			t.Errorf("got %+v of an address that says nothing", f)
		}
	}
}
