package esp_test

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/ipsec/job"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/uml"
)

// idlePort is where the peer takes connections and says nothing. LIO would wait
// for a login, and serve no other connection meanwhile.
const idlePort = 3999

// connect starts a connection in the host that waits for what becomes of it. The
// peer is to take it under IPsec alone, and says nothing of it in clear text
// either.
func (l *lab) connect(t *testing.T, flags ipsec.Flags) *uml.Daemon {
	t.Helper()
	j := l.idle(t, flags, false, job.Listen)
	j.Do = job.Connect
	return start(t, l.host, j, "connected")
}

// idle has the peer listen on idlePort, and returns a job for the host there.
func (l *lab) idle(t *testing.T, flags ipsec.Flags, v6 bool, do string) job.Job {
	t.Helper()
	return l.idleFor(t, l.job(flags, v6), do)
}

// idleFor is idle for a job of another host, or of another version of IKE.
func (l *lab) idleFor(t *testing.T, j job.Job, do string) job.Job {
	t.Helper()
	host, peer := j.Source, j.Portal.Addr()
	l.peer.Require(t, host, peer, protectionFor(j))
	mode := ipsec.TransportMode
	if j.Flags.Has(ipsec.FlagTunnel) {
		mode = ipsec.TunnelMode
	}
	port := strconv.Itoa(idlePort)
	for _, ends := range [][]string{
		{"in", "src", host.String(), "dst", peer.String(), "proto", "tcp", "dport", port, "priority", "900000", "tmpl", "src", host.String(), "dst", peer.String()},
		{"out", "src", peer.String(), "dst", host.String(), "proto", "tcp", "sport", port, "priority", "900000", "tmpl", "src", peer.String(), "dst", host.String()},
	} {
		l.peer.Run(t, append(append([]string{"ip", "xfrm", "policy", "add", "dir"}, ends...), "proto", "esp", "mode", mode.String(), "level", "required")...)
	}
	j.Portal = netip.AddrPortFrom(peer, idlePort)
	j.Do = do
	start(t, l.peer.Guest, j, "listening")
	return j
}

// testLost: when the associations go in the middle of a session, it ends, at
// once and with the reason, and nothing more leaves.
func (l *lab) testLost(t *testing.T) {
	for _, flags := range []ipsec.Flags{job.MainTransport, job.MainTunnelPFS} {
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
				var r job.Report
				traffic := l.watched(t, func() {
					d := l.connect(t, flags)
					tt.lose(t)
					uml.Await(t, "the end of the connection", d.Ended)
					r = job.ReadReport(t, d.Output())
				})
				if !r.Lost || r.Unproven == "" {
					t.Errorf("got %q, want a LostError; of the proof %q, want that there is none", r.Error, r.Unproven)
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

// testHangUp: the other end goes on while this one has closed its socket. What the
// kernel says to that is protected, too.
func (l *lab) testHangUp(t *testing.T) {
	for _, flags := range []ipsec.Flags{job.MainTransport, job.MainTunnelPFS} {
		t.Run(flags.String(), func(t *testing.T) {
			j := l.idle(t, flags, false, job.Flood)
			j.Do, j.Timeout = job.HangUp, silenceTimeout/8
			var r job.Report
			traffic := l.watched(t, func() { r = l.run(t, j) })
			if r.Error != "" || r.Unproven != "" || traffic.Protected() == 0 {
				t.Errorf("got %q and %q; on the wire: %+v, want ESP", r.Error, r.Unproven, traffic)
			}
			l.wantClean(t)
		})
	}
}

// testGiveUp: a connection is given up before the other end has answered. What the
// kernel says to the answer is protected, too.
func (l *lab) testGiveUp(t *testing.T) {
	const far = 1500 * time.Millisecond // of which a third has to be enough for a SYN to leave, on a busy machine as well
	for _, flags := range []ipsec.Flags{job.MainTransport, job.MainTunnelPFS} {
		t.Run(flags.String(), func(t *testing.T) {
			j := l.idle(t, flags, false, job.Listen)
			l.peer.Run(t, "modprobe", "sch_netem")
			l.peer.Run(t, "tc", "qdisc", "add", "dev", guestCable, "root", "netem", "delay", far.String())
			defer l.peer.Run(t, "tc", "qdisc", "del", "dev", guestCable, "root")
			j.Do, j.Patience = job.GiveUp, far/3
			var r job.Report
			traffic := l.watched(t, func() {
				d := start(t, l.host, j, "prepared")
				uml.Await(t, "associations of the peer", func() bool { return len(l.peer.SAs(t)) == 2 })
				l.host.Run(t, "touch", job.TellDial)
				uml.Await(t, "an answer", func() bool { return came(t, l.host, l.peer.Addresses[0]) })
				l.host.Run(t, "touch", job.TellGoOn)
				uml.Await(t, "the end of the job", d.Ended)
				r = job.ReadReport(t, d.Output())
			})
			if !strings.Contains(r.Error, "timeout") || traffic.Protected() < 3 {
				t.Errorf("got %q; on the wire: %+v, want no connection, and both SYNs and a reset under ESP", r.Error, traffic)
			}
			l.wantClean(t)
		})
	}
}

// came reports whether something came to a guest under ESP.
func came(t *testing.T, g *uml.Guest, from netip.Addr) bool {
	return slices.ContainsFunc(g.SAs(t), func(sa uml.SA) bool { return sa.Source == from && sa.Packets > 0 })
}

// testNothing: associations alone prove nothing.
func (l *lab) testNothing(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(job.MainTransport))
	j := l.job(job.MainTransport, false)
	j.Do = job.Nothing
	var r job.Report
	traffic := l.watched(t, func() { r = l.run(t, j) })
	if r.Error != "" || !strings.Contains(r.Unproven, "0 bytes were sent and 0 received") {
		t.Errorf("got %q; of the proof %q, want that no bytes went through", r.Error, r.Unproven)
	}
	if traffic.IKE == 0 || traffic.Protected() > 0 {
		t.Errorf("on the wire: %+v, want IKE alone", traffic)
	}
	l.wantClean(t)
}
