package esp_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/ipsec/suite"
	"github.com/go-iscsi/discovery/test/uml"
)

// v2Transport are the flags of a plan for IKEv2.
const v2Transport = job.FlagsIKE | ipsec.FlagTransport

// testUserspaceAlgorithms: what the peer takes is found among what is offered.
func (l *lab) testUserspaceAlgorithms(t *testing.T) {
	for _, tt := range []struct {
		name      string
		ike       ipsec.IKEVersion
		proposals string // that are offered
		peerIKE   string // all that the peer takes
		peerESP   string
		want      string // of the proof
	}{
		{name: "best", ike: ipsec.IKEv1, peerIKE: "aes256-sha256-modp2048", peerESP: "aes256gcm16", want: "AES_GCM_16-256"},
		{name: "AES-256 with SHA-1", ike: ipsec.IKEv1, peerIKE: "aes256-sha1-modp2048", peerESP: "aes256-sha1", want: "AES_CBC-256"},
		{name: "AES-128 with SHA-1", ike: ipsec.IKEv1, peerIKE: "aes128-sha1-modp2048", peerESP: "aes128-sha1", want: "HMAC_SHA1_96"},
		{name: "legacy", ike: ipsec.IKEv1, proposals: ipsec.ProposalsLegacy, peerIKE: "3des-sha1-modp1024", peerESP: "3des-sha1", want: "3DES_CBC"},
		{name: "legacy AES", ike: ipsec.IKEv1, proposals: ipsec.ProposalsLegacy, peerIKE: "aes256-sha1-modp1024", peerESP: "aes128-sha1", want: "AES_CBC-128"},
		{name: "named", ike: ipsec.IKEv1, proposals: "aes256-sha512-modp4096,aes256-sha512", peerIKE: "aes256-sha512-modp4096", peerESP: "aes256-sha512", want: "HMAC_SHA2_512_256"},
		{name: "named, curve", ike: ipsec.IKEv1, proposals: "aes256-sha384-ecp384,aes128gcm16", peerIKE: "aes256-sha384-ecp384", peerESP: "aes128gcm16", want: "AES_GCM_16-128"},
		{name: "best", ike: ipsec.IKEv2, peerIKE: "aes256gcm16-prfsha256-ecp256", peerESP: "aes256gcm16", want: "AES_GCM_16-256"},
		{name: "ChaCha20", ike: ipsec.IKEv2, peerIKE: "aes256-sha256-ecp256", peerESP: "chacha20poly1305", want: "CHACHA20_POLY1305"},
		{name: "AES-256 with SHA-1", ike: ipsec.IKEv2, peerIKE: "aes256-sha256-modp2048", peerESP: "aes256-sha1", want: "HMAC_SHA1_96"},
		{name: "legacy", ike: ipsec.IKEv2, proposals: ipsec.ProposalsLegacy, peerIKE: "3des-sha1-modp1024", peerESP: "3des-sha1", want: "3DES_CBC"},
	} {
		t.Run("IKEv"+tt.ike.String()+", "+tt.name, func(t *testing.T) {
			j := l.userspace(tt.ike, v2Transport, false)
			j.Proposals = tt.proposals
			p := protectionFor(j)
			p.IKE, p.ESP = tt.peerIKE, tt.peerESP
			l.peer.Require(t, j.Source, j.Portal.Addr(), p)
			if r := l.asks(t, j); !strings.Contains(strings.Join(r.Proof.Algorithms[1:], " "), tt.want) {
				t.Errorf("algorithms: got %q, want %s", r.Proof.Algorithms, tt.want)
			}
		})
	}
}

// testUserspaceGateway: the outer address is not the portal's.
func (l *lab) testUserspaceGateway(t *testing.T) {
	for _, ike := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		for i, v6 := range []bool{false, true} {
			t.Run("IKEv"+ike.String(), func(t *testing.T) {
				j := l.userspace(ike, job.FlagsIKE|ipsec.FlagTunnel, v6)
				p, gateway := protectionFor(j), j.Portal.Addr()
				p.Behind = l.peer.Addresses[2+i]
				l.peer.Require(t, j.Source, gateway, p)
				j.Portal = netip.AddrPortFrom(p.Behind, uml.LIOPort)
				l.asks(t, j)
			})
		}
	}
}

// testUserspaceIdentities: the ends know each other by other names than their addresses.
func (l *lab) testUserspaceIdentities(t *testing.T) {
	for _, tt := range []struct {
		name          string
		local, remote string
		j             job.Job
	}{
		{name: "main", local: "host.example", remote: "array.example", j: l.userspace(ipsec.IKEv1, job.MainTransport, false)},
		{name: "aggressive", local: "host@example.com", remote: "Array.Example", j: l.userspace(ipsec.IKEv1, job.AggrTransport, false)},
		{name: "IKEv2", local: "host.example", remote: "array@example.com", j: l.userspace(ipsec.IKEv2, v2Transport, false)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := protectionFor(tt.j)
			p.InitiatorID, p.PeerID = tt.local, strings.ToLower(tt.remote)
			l.peer.Require(t, tt.j.Source, tt.j.Portal.Addr(), p)
			tt.j.Local, tt.j.Remote = tt.local, tt.remote
			l.asks(t, tt.j)
		})
	}
}

// testUserspaceSeveral: the same portal several times at once, in one process.
func (l *lab) testUserspaceSeveral(t *testing.T) {
	for _, ike := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		j := l.userspace(ike, v2Transport, false)
		j.Repeat = 4
		l.peer.Require(t, j.Source, j.Portal.Addr(), protectionFor(j))
		l.asks(t, j)
	}
}

// testUserspaceProcesses: the same portal by several processes at once, which know nothing
// of each other. Their selectors have the ports of each connection, so none takes what is
// meant for another.
func (l *lab) testUserspaceProcesses(t *testing.T) {
	for _, j := range []job.Job{
		l.userspace(ipsec.IKEv1, job.MainTransport, false),
		l.userspace(ipsec.IKEv1, job.AggrTunnelPFS, true),
		l.userspace(ipsec.IKEv2, v2Transport, false),
	} {
		t.Run(j.Flags.String(), func(t *testing.T) {
			j.Repeat = 2
			l.peer.Require(t, j.Source, j.Portal.Addr(), protectionFor(j))
			traffic := l.watched(t, func() {
				var all []*job.Child
				for range 3 {
					all = append(all, j.StartChild(t))
				}
				for _, c := range all {
					if r := c.Report(t); r.Error != "" || len(r.Targets) != j.Repeat {
						t.Errorf("got %+v, want %d targets", r, j.Repeat)
					}
				}
			})
			wantInUDP(t, traffic)
			l.wantForgotten(t)
		})
	}
}

// testUserspaceSuite: the suite of package enforcetest, in the namespace of the test.
func (l *lab) testUserspaceSuite(t *testing.T) {
	for _, j := range []job.Job{
		l.userspace(ipsec.IKEv1, job.MainTransport, false),
		l.userspace(ipsec.IKEv1, job.AggrTunnelPFS, true),
	} {
		t.Run(j.Flags.String(), func(t *testing.T) {
			j = l.idleFor(t, j, job.Echo)
			s := suite.Suite{
				Userspace: true, Source: j.Source, Portal: j.Portal, Silent: suite.SilentFor(j.Portal), Key: j.Key, Device: bridge,
				Flags: []ipsec.Flags{j.Flags}, Lose: func(t testing.TB) { l.peer.Charon.Terminate(t) },
			}
			wantInUDP(t, l.watched(t, func() { s.Run(t) }))
		})
	}
}

// testUserspaceFailures: each cause is told by the text that all enforcers have for it.
func (l *lab) testUserspaceFailures(t *testing.T) {
	main, aggressive, v2 := l.userspace(ipsec.IKEv1, job.MainTransport, false), l.userspace(ipsec.IKEv1, job.AggrTransport, false), l.userspace(ipsec.IKEv2, v2Transport, false)
	for _, tt := range []struct {
		name   string
		j      job.Job
		change func(*job.Job, *uml.Protection)
		want   string
	}{
		{name: "key, main", j: main, change: otherKey, want: enforce.OtherKeySeems.String()},
		{name: "key, aggressive", j: aggressive, change: otherKey, want: enforce.OtherKey.String()},
		{name: "key, IKEv2", j: v2, change: otherKey, want: enforce.KeyOrIdentity.String()},
		{name: "identity, main", j: main, change: otherIdentity, want: otherIdentityText},
		{name: "identity, aggressive", j: aggressive, change: otherIdentity, want: otherIdentityText},
		{name: "identity, IKEv2", j: v2, change: otherIdentity, want: otherIdentityText},
		{name: "IKE, main", j: main, change: otherIKE, want: enforce.NoIKEProposal.String()},
		{name: "IKE, aggressive", j: aggressive, change: otherIKE, want: enforce.NoIKEProposal.String()},
		{name: "IKE, IKEv2", j: v2, change: otherIKE, want: enforce.NoIKEProposal.String()},
		{name: "ESP, main", j: main, change: otherESP, want: enforce.NoESPProposal.String()},
		{name: "ESP, IKEv2", j: v2, change: otherESP, want: enforce.NoESPProposal.String()},
		{name: "PFS", j: main, change: func(_ *job.Job, p *uml.Protection) { p.PFS = true }, want: enforce.NoESPProposal.String()},
		{name: "mode, main", j: main, change: otherMode, want: enforce.TrafficSelectors.String()},
		{name: "mode, IKEv2", j: v2, change: otherMode, want: enforce.TrafficSelectors.String()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := protectionFor(tt.j)
			tt.change(&tt.j, &p)
			l.peer.Require(t, tt.j.Source, tt.j.Portal.Addr(), p)
			l.userspaceFails(t, tt.j, tt.want)
		})
	}
}

// otherIdentityText is what is told of a peer that has otherIdentity.
const otherIdentityText = `the peer identifies itself as "another.example", but its identity should be "array.example"`

func otherKey(j *job.Job, _ *uml.Protection) { j.Key = "not the key" }
func otherIdentity(j *job.Job, p *uml.Protection) {
	j.Remote, p.PeerID = "array.example", "another.example"
}
func otherIKE(_ *job.Job, p *uml.Protection)  { p.IKE = "3des-sha1-modp1024" }
func otherESP(_ *job.Job, p *uml.Protection)  { p.ESP = "3des-sha1" }
func otherMode(_ *job.Job, p *uml.Protection) { p.Tunnel = true }

// userspaceFails does a discovery that has to fail for a reason, without a byte but IKE.
func (l *lab) userspaceFails(t *testing.T, j job.Job, reason string) {
	t.Helper()
	var r job.Report
	traffic := l.watched(t, func() { r = j.RunChild(t) })
	if r.Code != job.CodeFailed || !strings.Contains(r.Error, reason) {
		t.Errorf("got %q (%s), want %s: %q", r.Error, r.Code, job.CodeFailed, reason)
	}
	if traffic.IKE == 0 || traffic.Protected() > 0 {
		t.Errorf("on the wire: %+v, want IKE alone", traffic)
	}
}

// testUserspaceSilent: no IKE daemon answers.
func (l *lab) testUserspaceSilent(t *testing.T) {
	l.peer.Run(t, "pkill", "-STOP", "charon")
	defer l.peer.Run(t, "pkill", "-CONT", "charon")
	for _, ike := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		t.Run("IKEv"+ike.String(), func(t *testing.T) {
			j := l.userspace(ike, v2Transport, false)
			j.Timeout = silenceTimeout / 2
			l.userspaceFails(t, j, enforce.PeerSilent.String())
		})
	}
}

// testUserspaceKilled: a process that is killed leaves nothing on this host, and the next
// one is not kept from its work by what the peer still has.
func (l *lab) testUserspaceKilled(t *testing.T) {
	j := l.idleFor(t, l.userspace(ipsec.IKEv1, job.MainTransport, false), job.Listen)
	j.Do = job.Connect
	l.watched(t, func() {
		c := j.StartChild(t)
		c.Await(t, "connected")
		c.Kill()
		next := l.userspace(ipsec.IKEv1, job.MainTransport, false)
		if r := next.RunChild(t); r.Error != "" || len(r.Targets) != 1 {
			t.Errorf("got %+v, want a target", r)
		}
	})
	l.peer.Charon.Terminate(t)
}
