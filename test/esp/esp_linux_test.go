package esp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/library"
	"github.com/go-iscsi/discovery/test/uml"
	"github.com/go-iscsi/discovery/test/uml/wire"
)

// disk is what the peer lists.
const disk = "iqn.2026-11.com.example:disk1"

// A lab is two guests on one network: the host that asks, which has charon
// without any connection, and the peer, whose target answers under IPsec alone.
type lab struct {
	t      *testing.T // of which the guests are
	host   *uml.Guest
	charon *uml.Charon
	peer   *uml.Peer
}

const (
	jobProgram   = "jobd"     // of each guest
	suiteProgram = "esp.test" // of the host
	peerCable    = "uml1"
	guestCable   = "vec0" // in each guest
	bridge       = "lan"  // where the test is
)

// newLab starts the guests.
func newLab(t *testing.T) *lab {
	t.Helper()
	prefixes := func(list ...string) (all []netip.Prefix) {
		for _, s := range list {
			all = append(all, netip.MustParsePrefix(s))
		}
		return all
	}
	jobd := uml.Program{Name: jobProgram, Package: "github.com/go-iscsi/discovery/test/ipsec/jobd"}
	suite := uml.Program{Name: suiteProgram, Package: "github.com/go-iscsi/discovery/test/esp", Test: true}
	page := library.Find(t, library.Protected)
	protected := uml.Program{Name: library.Protected, Built: page.Build(t, "CGO_ENABLED=0")}
	guests := uml.StartTogether(t,
		uml.Config{Bridge: bridge, Programs: []uml.Program{jobd, suite, protected}},
		uml.Config{Bridge: bridge, Programs: []uml.Program{jobd}, Interface: peerCable, Far: prefixes("10.99.0.3/24", "fd99::3/64", "10.99.0.4/24", "fd99::4/64")},
	)
	l := &lab{t: t, host: guests[0], peer: guests[1].StartPeer(t)}
	l.charon = l.host.StartCharon(t, uml.CharonConfig{})
	l.peer.LIO.Add(t, uml.LIOTarget{Name: disk})
	return l
}

// ends returns the addresses of the host and of the peer, of IPv4 or IPv6.
func (l *lab) ends(v6 bool) (host, peer netip.Addr) {
	if v6 {
		return l.host.Addresses[1], l.peer.Addresses[1]
	}
	return l.host.Addresses[0], l.peer.Addresses[0]
}

// job returns the discovery of the peer under flags, with the right key.
func (l *lab) job(flags ipsec.Flags, v6 bool) job.Job {
	host, peer := l.ends(v6)
	return job.Job{
		Do: job.Discover, Source: host, Portal: netip.AddrPortFrom(peer, uml.LIOPort), Flags: flags,
		Key: uml.GroupKey, Outer: peer, Charon: l.charon.Socket, Timeout: time.Minute,
	}
}

// run does a job in the host.
func (l *lab) run(t *testing.T, j job.Job) job.Report {
	t.Helper()
	var out strings.Builder
	if err := l.host.Exec(t.Context(), uml.Command{Args: []string{jobProgram}, Env: []string{j.Env()}}, &out); err != nil {
		t.Fatal(err)
	}
	return job.ReadReport(t, out.String())
}

// watched captures what goes between the two while f runs. Whatever is not
// protected fails the test.
func (l *lab) watched(t *testing.T, f func()) *wire.Traffic {
	t.Helper()
	tap := l.tap(t)
	f()
	traffic := tap.stop(t)
	for _, line := range traffic.Clear {
		t.Errorf("not protected: %s", line)
	}
	return traffic
}

// wantClean fails the test where the host has something left of a connection.
func (l *lab) wantClean(t *testing.T) {
	t.Helper()
	if list := l.host.SAs(t); len(list) > 0 {
		t.Errorf("left in the kernel: %+v", list)
	}
	if text := l.host.Run(t, "ip", "xfrm", "policy", "list", "nosock"); strings.TrimSpace(text) != "" {
		t.Errorf("left in the kernel: %s", text)
	}
	if text := l.charon.Swanctl(t, "--list-conns") + l.charon.Swanctl(t, "--list-sas"); strings.TrimSpace(text) != "" {
		t.Errorf("left in charon: %s", text)
	}
}

// protection is what the peer wants where the host's flags are these.
func protection(f ipsec.Flags) uml.Protection {
	return uml.Protection{Aggressive: f.Has(ipsec.FlagAggressive), Tunnel: f.Has(ipsec.FlagTunnel), PFS: f.Has(ipsec.FlagPFS)}
}

// protectionFor is what the peer wants of a job.
func protectionFor(j job.Job) uml.Protection {
	p := protection(j.Flags)
	p.Version = int(j.IKE)
	return p
}

// TestESP is everything that takes a kernel with ESP and a peer: two guests serve
// all of it, one after the other.
func TestESP(t *testing.T) {
	l := newLab(t)
	t.Run("matrix", l.testMatrix)
	t.Run("IKEv2 failures", l.testIKEv2Failures)
	t.Run("suite", l.testSuite)
	t.Run("gateway", l.testGateway)
	t.Run("identities", l.testIdentities)
	t.Run("program of docs/library.md", l.testPage)
	t.Run("wrong key", l.testWrongKey)
	t.Run("wrong identity", l.testWrongIdentity)
	t.Run("other proposals", l.testProposals)
	t.Run("associations lost", l.testLost)
	t.Run("hang up", l.testHangUp)
	t.Run("give up", l.testGiveUp)
	t.Run("nothing through", l.testNothing)
	t.Run("in place", l.testInPlace)
	t.Run("in place, not encrypted", l.testWeak)
	t.Run("in place, no policies", l.testNoPolicies)
	t.Run("held", l.testHeld)
	t.Run("killed", l.testKilled)
	t.Run("several at once", l.testSeveral)
	t.Run("several processes at once", l.testProcesses)
	t.Run("plain SYN", l.testPlain)
	t.Run("userspace", l.testUserspace)
	t.Run("peer down", l.testPeerDown) // and it stays so
	t.Run("other daemons", l.testOthers)
}

// testDiscovery: a discovery finds its target under ESP alone, and has a proof with an
// exchange and what else its flags mean.
func (l *lab) testDiscovery(t *testing.T, j job.Job, exchange string) {
	t.Helper()
	var r job.Report
	traffic := l.watched(t, func() { r = l.run(t, j) })
	if r.Error != "" {
		t.Fatalf("%s (%s); the peer: %s", r.Error, r.Code, l.peer.Charon.Log(t))
	}
	t.Log(r.Took())
	if len(r.Targets) != 1 || r.Targets[0] != disk {
		t.Errorf("targets: got %v, want %s", r.Targets, disk)
	}
	if traffic.IKE == 0 || traffic.Protected() == 0 {
		t.Errorf("on the wire: %+v, want IKE and ESP", traffic)
	}
	plan, err := ipsec.Settings{Flags: j.Flags}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	p := r.Proof
	if p == nil {
		t.Fatal("no proof")
	}
	if p.Enforcer != "strongswan" || p.Mode != plan.Mode.String() || p.Exchange != exchange || len(p.SPIs) != 2 || p.BytesIn == 0 || p.BytesOut == 0 {
		t.Errorf("proof: got %+v, want %s, %s, two SPIs and bytes both ways", p, plan.Mode, exchange)
	}
	if got := strings.Contains(strings.Join(p.Algorithms[1:], " "), "MODP"); got != plan.PFS {
		t.Errorf("algorithms of ESP: got %v; want a group: %v", p.Algorithms[1:], plan.PFS)
	}
	l.wantClean(t)
}

// testGateway: the outer address is not the portal's.
func (l *lab) testGateway(t *testing.T) {
	for i, v6 := range []bool{false, true} {
		t.Run(fmt.Sprintf("IPv6 %v", v6), func(t *testing.T) {
			host, gateway := l.ends(v6)
			behind := l.peer.Addresses[2+i]
			p := protection(job.MainTunnelPFS)
			p.Behind = behind
			l.peer.Require(t, host, gateway, p)
			j := l.job(job.MainTunnelPFS, v6)
			j.Portal = netip.AddrPortFrom(behind, uml.LIOPort)
			var r job.Report
			traffic := l.watched(t, func() { r = l.run(t, j) })
			if r.Error != "" || len(r.Targets) != 1 || traffic.Protected() == 0 {
				t.Errorf("got %+v, traffic %+v, want a target under ESP", r, traffic)
			}
			l.wantClean(t)
		})
	}
}

// testIdentities: the ends know each other by other names than their addresses.
func (l *lab) testIdentities(t *testing.T) {
	host, peer := l.ends(false)
	for _, flags := range []ipsec.Flags{job.MainTransport, job.AggrTransport} {
		t.Run(flags.String(), func(t *testing.T) {
			p := protection(flags)
			p.InitiatorID, p.PeerID = "host.example", "array.example"
			l.peer.Require(t, host, peer, p)
			j := l.job(flags, false)
			j.Local, j.Remote = p.InitiatorID, p.PeerID
			var r job.Report
			traffic := l.watched(t, func() { r = l.run(t, j) })
			if r.Error != "" || len(r.Targets) != 1 || traffic.Protected() == 0 {
				t.Errorf("got %+v, traffic %+v, want a target under ESP", r, traffic)
			}
			l.wantClean(t)
		})
	}
}

// testSeveral: the same portal several times at once.
func (l *lab) testSeveral(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(job.MainTransport))
	j := l.job(job.MainTransport, false)
	j.Repeat = 4
	var r job.Report
	l.watched(t, func() { r = l.run(t, j) })
	if r.Error != "" || len(r.Targets) != j.Repeat {
		t.Errorf("got %+v, want %d targets", r, j.Repeat)
	}
	l.wantClean(t)
}

// testProcesses: the same portal by several processes at once, which know nothing
// of each other.
func (l *lab) testProcesses(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(job.MainTransport))
	j := l.job(job.MainTransport, false)
	j.Repeat = 2
	l.watched(t, func() {
		var all []*uml.Daemon
		for range 3 {
			all = append(all, l.host.Start(t, uml.Command{Args: []string{jobProgram}, Env: []string{j.Env()}}))
		}
		for _, d := range all {
			uml.Await(t, "the end of a process", d.Ended)
			if r := job.ReadReport(t, d.Output()); r.Error != "" || len(r.Targets) != j.Repeat {
				t.Errorf("got %+v, want %d targets", r, j.Repeat)
			}
		}
	})
	l.wantClean(t)
}
