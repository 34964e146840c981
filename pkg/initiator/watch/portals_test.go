package watch_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestPortals: portals in no registry are watched, each from its initiator port, by their
// own options, and what is reported has none of their secrets.
func TestPortals(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Selector = &ports.Selector{
			Ports: []ports.Port{
				{Instance: "host", Number: ports.N(0), Address: netip.MustParseAddr("192.0.2.2"), Interface: "eth0"},
				{Instance: "host", Number: ports.N(1), Address: netip.MustParseAddr("192.0.2.3"), Interface: "eth1"},
			},
			Instances: []string{"host"},
			Route:     func(_ context.Context, source, _ netip.Addr) (netip.Addr, error) { return source, nil },
		}
		one := &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Records: scene.Records(scene.Disk1)}
		two := &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Records: scene.Records(scene.Disk1, scene.Disk2)}
		p := scene.WithCHAP(scene.Portal(n, scene.Where, one, one, two), scene.CHAPUser, scene.CHAPSecret)
		p.Instance, p.Port, p.Portal.SymbolicName = "host", ports.N(0), "array"
		q := p
		q.Port = ports.N(1)
		again := p
		again.Portal.SymbolicName = "again"
		closed := scene.At(netip.MustParseAddrPort("192.0.2.9:3260"))
		reports := 0
		cfg := watch.Config{Now: true, Jitter: -1, Report: func(s *watch.State) {
			if s.Last == nil {
				return
			}
			if reports++; s.Last.Targets != nil {
				t.Errorf("%s: reported with targets", s.Key)
			}
			if asked := &s.Last.Asked.Login; !asked.Password.IsZero() || asked.Username != p.Login.Username && s.Key.Port != ports.All {
				t.Errorf("%s: reported with %+v", s.Key, asked)
			}
		}}
		d.Parallel = 1 // so that answers have an order
		source := watch.Portals(d, []initiator.SendTargetPortal{p, q, again, closed})
		var got []string
		for _, e := range eventsWithin(t, 90*time.Second, source, cfg) {
			s := tell(e) + " (" + e.SymbolicName + ")"
			if e.Source.IsValid() {
				s += " from " + e.Source.String() + " " + e.InitiatorPort.Interface
			}
			got = append(got, s)
		}
		want := []string{
			"snapshot 192.0.2.1/0 true 1 (array) from 192.0.2.2 eth0", "snapshot 192.0.2.1/1 true 1 (array) from 192.0.2.3 eth1", "snapshot 192.0.2.9 false 0 ()",
			"target-appeared 192.0.2.1/0 disk2 (array) from 192.0.2.2 eth0", "target-appeared 192.0.2.1/1 disk2 (array) from 192.0.2.3 eth1",
		}
		if diff := cmp.Diff(want, got); diff != "" || reports != 5 {
			t.Errorf("%d reports; events (-want +got):\n%s", reports, diff)
		}
	})
}

// TestSourceAndRedirect: another source address is told of entries for all ports alone, and
// so is where a login is sent on to.
func TestSourceAndRedirect(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		good, sent := &iscsitest.Target{Records: scene.Records(scene.Disk1)}, scene.Sends("192.0.2.2:3260")
		scene.Portal(n, "192.0.2.2:3260", good)
		p := scene.Portal(n, scene.Where, good, sent, sent, good, good)
		dial, start := d.Dial, time.Now()
		d.Dial = func(ctx context.Context, _ netip.Addr, dst netip.AddrPort) (net.Conn, error) {
			source := netip.MustParseAddr("192.0.2.254")
			if time.Since(start) > 210*time.Second {
				source = netip.MustParseAddr("192.0.2.253")
			}
			return dial(ctx, source, dst)
		}
		got := within(t, 330*time.Second, watch.Portals(d, []initiator.SendTargetPortal{p}), watch.Config{Now: true, Jitter: -1})
		want := []string{
			"snapshot 192.0.2.1 true 1", `redirect-changed 192.0.2.1 is "192.0.2.2:3260" was ""`, `redirect-changed 192.0.2.1 is "" was "192.0.2.2:3260"`,
			`source-changed 192.0.2.1 is "192.0.2.253" was "192.0.2.254"`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
