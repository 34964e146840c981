package esp_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/uml"
)

// Behind the NAT, which the host's guest is.
var (
	natNear = netip.MustParsePrefix("10.98.0.1/24") // where the test is
	natFar  = netip.MustParsePrefix("10.98.0.2/24") // the NAT
)

// manyRecords is an answer of about 0.9 MB.
const manyRecords = 10000

// testNAT: our address is translated on the way, by a kernel.
func (l *lab) testNAT(t *testing.T) {
	l.host.StartNAT(t, natFar)
	portal := l.peer.Addresses[2]
	l.byNAT(t, portal)
	l.peer.Run(t, "ip", "route", "replace", natNear.Masked().String(), "via", l.host.Addresses[0].String())
	for _, ike := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		for _, mode := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel} {
			j := l.userspace(ike, job.FlagsIKE|mode, false)
			t.Run("IKEv"+ike.String()+", "+j.Flags.String(), func(t *testing.T) {
				j.Source, j.Portal, j.Outer, j.Local = natNear.Addr(), netip.AddrPortFrom(portal, uml.LIOPort), portal, "host.example"
				l.peer.Require(t, l.host.Addresses[0], portal, l.natProtection(j))
				l.asks(t, j)
			})
		}
	}
	t.Run("loss", func(t *testing.T) { l.testLoss(t, portal) })
}

// natProtection is what the peer wants of a job behind the NAT.
func (l *lab) natProtection(j job.Job) uml.Protection {
	p := protectionFor(j)
	p.InitiatorID = j.Local
	if p.Tunnel {
		p.Inside = j.Source
	}
	return p
}

// byNAT has the test reach an address of the peer's by the NAT alone.
func (l *lab) byNAT(t *testing.T, portal netip.Addr) {
	t.Helper()
	link, err := netlink.LinkByName(bridge)
	if err != nil {
		t.Fatal(err)
	}
	near := &netlink.Addr{IPNet: &net.IPNet{IP: natNear.Addr().AsSlice(), Mask: net.CIDRMask(natNear.Bits(), 32)}}
	if err := netlink.AddrAdd(link, near); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = netlink.AddrDel(link, near) }) // its route with it
	err = netlink.RouteAdd(&netlink.Route{
		LinkIndex: link.Attrs().Index, Src: natNear.Addr().AsSlice(), Gw: natFar.Addr().AsSlice(),
		Dst: &net.IPNet{IP: portal.AsSlice(), Mask: net.CIDRMask(32, 32)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// testLoss: of all packets, both ways, one in twenty is lost, some come twice and some come
// late. A long answer is complete all the same.
func (l *lab) testLoss(t *testing.T, portal netip.Addr) {
	for _, ike := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		t.Run("IKEv"+ike.String(), func(t *testing.T) {
			j := l.userspace(ike, job.FlagsIKE|ipsec.FlagTunnel, false)
			j.Source, j.Portal, j.Outer, j.Local = natNear.Addr(), netip.AddrPortFrom(portal, idlePort), portal, "host.example"
			j.Records, j.Timeout = manyRecords, 3*userspaceTimeout // what is lost is sent again after seconds
			l.peer.Require(t, l.host.Addresses[0], portal, l.natProtection(j))
			served := j
			served.Do = job.Serve
			start(t, l.peer.Guest, served, "listening")
			l.host.Run(t, "modprobe", "sch_netem")
			l.host.Run(t, "tc", "qdisc", "add", "dev", guestCable, "root", "netem", "delay", "2ms", "loss", "5%", "reorder", "95%", "duplicate", "2%")
			defer l.host.Run(t, "tc", "qdisc", "del", "dev", guestCable, "root")
			var r job.Report
			traffic := l.watched(t, func() { r = j.RunChild(t) })
			if r.Error != "" || len(r.Targets) != manyRecords {
				t.Fatalf("got %q and %d targets, want %d", r.Error, len(r.Targets), manyRecords)
			}
			wantInUDP(t, traffic)
			wantProof(t, j, r)
		})
	}
}
