package ipsec_test

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/uml"
)

const (
	codeFailed     = "ISDSC_FAILED_TO_CONFIGURE_IPSEC"
	mainTransport  = flagsIKE | ipsec.FlagMain | ipsec.FlagTransport
	aggrTransport  = flagsIKE | ipsec.FlagAggressive | ipsec.FlagTransport
	mainTunnelPFS  = flagsIKE | ipsec.FlagMain | ipsec.FlagTunnel | ipsec.FlagPFS
	silenceTimeout = 4 * time.Second
)

// fails runs a discovery that has to fail with a code and a reason, without a
// byte but IKE.
func (l *lab) fails(t *testing.T, j job, code string, reasons ...string) {
	t.Helper()
	var r report
	traffic := l.watched(t, func() { r = l.run(t, j) })
	if r.Code != code {
		t.Errorf("got %q (%s), want %s", r.Error, r.Code, code)
	}
	for _, reason := range reasons {
		if !strings.Contains(r.Error, reason) {
			t.Errorf("got %q, want %q in it", r.Error, reason)
		}
	}
	if traffic.Protected() > 0 {
		t.Errorf("on the wire: %+v, want no ESP", traffic)
	}
	l.wantClean(t)
}

func (l *lab) testWrongKey(t *testing.T) {
	host, peer := l.ends(false)
	for _, flags := range []ipsec.Flags{mainTransport, aggrTransport} {
		t.Run(flags.String(), func(t *testing.T) {
			l.peer.Require(t, host, peer, protection(flags))
			j := l.job(flags, false)
			j.Key = "not the key"
			l.fails(t, j, codeFailed, "key")
		})
	}
}

func (l *lab) testProposals(t *testing.T) {
	host, peer := l.ends(false)
	for _, tt := range []struct {
		name, reason string
		change       func(*uml.Protection)
	}{
		{name: "IKE", reason: "none of the proposals for IKE", change: func(p *uml.Protection) { p.IKE = "3des-sha1-modp1024" }},
		{name: "ESP", reason: "none of the proposals for IPsec", change: func(p *uml.Protection) { p.ESP = "3des-sha1" }},
		{name: "PFS", reason: "none of the proposals for IPsec", change: func(p *uml.Protection) { p.PFS = true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := protection(mainTransport)
			tt.change(&p)
			l.peer.Require(t, host, peer, p)
			l.fails(t, l.job(mainTransport, false), codeFailed, tt.reason)
		})
	}
}

// testPeerDown: nobody answers IKE.
func (l *lab) testPeerDown(t *testing.T) {
	l.peer.Run(t, "pkill", "-STOP", "charon")
	j := l.job(mainTransport, false)
	j.Timeout = silenceTimeout
	l.fails(t, j, codeFailed, "does not answer")
}

// testPlain: the peer takes nothing in clear text. That is what the other tests
// rely on.
func (l *lab) testPlain(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(mainTransport))
	before := l.peer.XfrmStat(t, "XfrmInTmplMismatch")
	j := l.job(0, false)
	j.Do, j.Timeout = doPlain, silenceTimeout/4
	if r := l.run(t, j); r.Error == "" {
		t.Error("connected")
	}
	if after := l.peer.XfrmStat(t, "XfrmInTmplMismatch"); after == before {
		t.Error("the peer has dropped nothing")
	}
}

// idlePort is where the peer takes connections and says nothing. LIO would wait
// for a login, and serve nobody else meanwhile.
const idlePort = 3999

// connect starts a connection in the host that waits for what becomes of it. The
// peer is to take it under IPsec alone, and says nothing of it in clear text
// either.
func (l *lab) connect(t *testing.T, flags ipsec.Flags) *uml.Daemon {
	t.Helper()
	j := l.idle(t, flags, doListen)
	j.Do = doConnect
	return start(t, l.host, j, "connected")
}

// idle has the peer listen on idlePort, and returns a job for the host there.
func (l *lab) idle(t *testing.T, flags ipsec.Flags, do string) job {
	t.Helper()
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(flags))
	mode := ipsec.TransportMode
	if flags.Has(ipsec.FlagTunnel) {
		mode = ipsec.TunnelMode
	}
	port := strconv.Itoa(idlePort)
	for _, ends := range [][]string{
		{"in", "src", host.String(), "dst", peer.String(), "proto", "tcp", "dport", port, "priority", "900000", "tmpl", "src", host.String(), "dst", peer.String()},
		{"out", "src", peer.String(), "dst", host.String(), "proto", "tcp", "sport", port, "priority", "900000", "tmpl", "src", peer.String(), "dst", host.String()},
	} {
		l.peer.Run(t, append(append([]string{"ip", "xfrm", "policy", "add", "dir"}, ends...), "proto", "esp", "mode", mode.String(), "level", "required")...)
	}
	j := l.job(flags, false)
	j.Portal = netip.AddrPortFrom(j.Portal.Addr(), idlePort)
	j.Do = do
	start(t, l.peer.Guest, j, "listening")
	return j
}

// start starts a job in a guest, and waits until it says a word.
func start(t *testing.T, g *uml.Guest, j job, word string) *uml.Daemon {
	t.Helper()
	d := g.Start(t, uml.Command{Args: []string{labProgram}, Env: []string{childEnv(j)}})
	await(t, word, func() bool { return strings.Contains(d.Output(), word) || d.Ended() })
	if d.Ended() {
		t.Fatalf("not %s: %s", word, d.Output())
	}
	return d
}

func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	stop := time.After(time.Minute)
	for !so() {
		select {
		case <-stop:
			t.Fatalf("%s: not in time", what)
		case <-tick.C:
		}
	}
}

// testLost: when the associations go in the middle of a session, it ends, at
// once and with the reason, and nothing more leaves.
func (l *lab) testLost(t *testing.T) {
	for _, flags := range []ipsec.Flags{mainTransport, mainTunnelPFS} {
		for _, tt := range []struct {
			name string
			lose func(t *testing.T)
		}{
			{name: "the kernel loses them", lose: func(t *testing.T) { l.host.FlushSAs(t) }},
			{name: "the peer deletes them", lose: func(t *testing.T) { l.peer.Charon.Terminate(t) }},
			{name: "charon deletes them", lose: func(t *testing.T) { l.charon.Terminate(t) }},
			{name: "charon is killed", lose: func(t *testing.T) {
				l.charon.Stop()
				l.host.FlushSAs(t) // as a new one does when it starts
			}},
		} {
			t.Run(flags.String()+", "+tt.name, func(t *testing.T) {
				var r report
				traffic := l.watched(t, func() {
					d := l.connect(t, flags)
					tt.lose(t)
					await(t, "the end of the connection", d.Ended)
					r = readReport(t, d.Output())
				})
				if !r.Lost {
					t.Errorf("got %q, want a LostError", r.Error)
				}
				if traffic.Protected() == 0 {
					t.Errorf("on the wire: %+v, want ESP", traffic)
				}
				if tt.name == "charon is killed" {
					// It could not say that it has forgotten, so the guard stays
					// for its time.
					l.charon = l.host.StartCharon(l.t, uml.CharonConfig{})
					l.wantGuard(t)
				}
				l.wantClean(t)
			})
		}
	}
}

// testInPlace: what the host's administrator has set up comes before flags, and
// is used, up already or not.
func (l *lab) testInPlace(t *testing.T) {
	host, peer := l.ends(false)
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags
		enable func(t *testing.T)
	}{
		{name: "trapped", flags: ipsec.FlagValid, enable: func(t *testing.T) { l.charon.Swanctl(t, "--install", "--child", "admin") }},
		{name: "up", flags: mainTunnelPFS, enable: func(t *testing.T) {
			if err := l.charon.Initiate(t.Context(), "admin"); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		for _, tunnel := range []bool{false, true} {
			p := uml.Protection{Tunnel: tunnel}
			for _, enforcer := range []string{"xfrm", "strongswan"} {
				t.Run(tt.name+", "+p.String()+", "+enforcer, func(t *testing.T) {
					l.peer.Require(t, host, peer, p)
					l.charon.Load(t, p.ForInitiator("admin", host, peer))
					t.Cleanup(func() {
						l.charon.Load(t, "connections { }\n")
						l.charon.Terminate(t)
						l.host.Run(t, "ip", "xfrm", "policy", "flush")
						l.host.FlushSAs(t)
					})
					tt.enable(t)
					j := l.job(tt.flags, false)
					if enforcer == "xfrm" {
						j.Charon = ""
					}
					var r report
					traffic := l.watched(t, func() { r = l.run(t, j) })
					if r.Error != "" {
						t.Fatalf("%s (%s); %s", r.Error, r.Code, l.charon.Log(t))
					}
					mode := strings.Fields(p.String())[1]
					if r.Existing != ipsec.ExistingProtection.String() || r.Plan != mode || len(r.Targets) != 1 {
						t.Errorf("got %+v, want protection that exists, in %s mode, and a target", r, mode)
					}
					if r.Proof == nil || r.Proof.Enforcer != "xfrm" || r.Proof.Mode != mode || r.Proof.BytesIn == 0 || r.Proof.BytesOut == 0 {
						t.Errorf("proof: got %+v", r.Proof)
					}
					if traffic.Protected() == 0 {
						t.Errorf("on the wire: %+v, want ESP", traffic)
					}
					if len(l.host.SAs(t)) == 0 {
						t.Error("the administrator's associations are gone")
					}
				})
			}
		}
	}
}

// testHangUp: the other end goes on while this one has closed its socket. What the
// kernel says to that is protected, too.
func (l *lab) testHangUp(t *testing.T) {
	for _, flags := range []ipsec.Flags{mainTransport, mainTunnelPFS} {
		t.Run(flags.String(), func(t *testing.T) {
			j := l.idle(t, flags, doFlood)
			j.Do, j.Timeout = doHangUp, silenceTimeout/8
			var r report
			traffic := l.watched(t, func() { r = l.run(t, j) })
			if r.Error != "" || traffic.Protected() == 0 {
				t.Errorf("got %q; on the wire: %+v, want ESP", r.Error, traffic)
			}
			l.wantClean(t)
		})
	}
}

// testKilled: a process that is killed leaves something, from which nothing
// leaks, and the next one cleans up.
func (l *lab) testKilled(t *testing.T) {
	traffic := l.watched(t, func() {
		l.connect(t, mainTransport).Stop()
		if text := l.charon.Swanctl(t, "--list-conns"); !strings.Contains(text, "iscsi-discovery-") {
			t.Errorf("nothing was left in charon: %s", text)
		}
		if r := l.run(t, l.job(mainTransport, false)); r.Error != "" {
			t.Error(r.Error)
		}
	})
	if traffic.Protected() == 0 {
		t.Errorf("on the wire: %+v, want ESP", traffic)
	}
	l.wantGuard(t)
	l.wantClean(t)
}

// wantGuard fails the test where there is no guard in the host, or one that does
// not expire, and takes it away.
func (l *lab) wantGuard(t *testing.T) {
	t.Helper()
	text := l.host.Run(t, "ip", "-statistics", "xfrm", "policy", "list", "nosock")
	if strings.Count(text, " sport ") != 2 || strings.Count(text, " dport ") != 2 || strings.Count(text, "expire add: soft 0(sec), hard 600(sec)") != 2 {
		t.Errorf("want a guard, and that it expires:\n%s", text)
	}
	l.host.Run(t, "ip", "xfrm", "policy", "flush")
}

// testSeveral: the same portal several times at once.
func (l *lab) testSeveral(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(mainTransport))
	j := l.job(mainTransport, false)
	j.Repeat = 4
	var r report
	l.watched(t, func() { r = l.run(t, j) })
	if r.Error != "" || len(r.Targets) != j.Repeat {
		t.Errorf("got %+v, want %d targets", r, j.Repeat)
	}
	l.wantClean(t)
}
