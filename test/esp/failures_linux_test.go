package esp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/ipsec/job"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/uml"
)

// silenceTimeout is how long a peer that does not answer is waited for.
const silenceTimeout = 4 * time.Second

// fails runs a discovery that has to fail with a code and a reason, without a
// byte but IKE.
func (l *lab) fails(t *testing.T, j job.Job, code string, reasons ...string) (r job.Report) {
	t.Helper()
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
	return r
}

// testWrongKey (issue 13, 29): in both exchanges it is told by what nothing else
// gives.
func (l *lab) testWrongKey(t *testing.T) {
	host, peer := l.ends(false)
	for flags, reason := range map[ipsec.Flags]string{
		job.MainTransport: "the peer seems to have a different preshared key: set the same key at both ends",
		job.AggrTransport: "the peer has a different preshared key: set the same key at both ends",
	} {
		t.Run(flags.String(), func(t *testing.T) {
			l.peer.Require(t, host, peer, protection(flags))
			j := l.job(flags, false)
			j.Key = "not the key"
			if r := l.fails(t, j, job.CodeFailed, reason); !r.WrongKey || r.OtherID != "" {
				t.Errorf("got %+v, want a KeyError", r)
			}
		})
	}
}

// testWrongIdentity (issue 13, 29): the peer has the key, and is another one.
func (l *lab) testWrongIdentity(t *testing.T) {
	host, peer := l.ends(false)
	for _, flags := range []ipsec.Flags{job.MainTransport, job.AggrTransport} {
		t.Run(flags.String(), func(t *testing.T) {
			p := protection(flags)
			p.PeerID = "another.example"
			l.peer.Require(t, host, peer, p)
			j := l.job(flags, false)
			j.Remote = "array.example"
			reason := `the peer identifies itself as "another.example", but its identity should be "array.example"`
			if r := l.fails(t, j, job.CodeFailed, reason); r.WrongKey || r.OtherID != p.PeerID {
				t.Errorf("got %+v, want an IdentityError", r)
			}
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
			p := protection(job.MainTransport)
			tt.change(&p)
			l.peer.Require(t, host, peer, p)
			l.fails(t, l.job(job.MainTransport, false), job.CodeFailed, tt.reason)
		})
	}
}

// testPeerDown: no IKE daemon answers.
func (l *lab) testPeerDown(t *testing.T) {
	l.peer.Run(t, "pkill", "-STOP", "charon")
	j := l.job(job.MainTransport, false)
	j.Timeout = silenceTimeout
	l.fails(t, j, job.CodeFailed, "does not answer")
}

// testPlain: the peer takes nothing in clear text. That is what the other tests
// rely on.
func (l *lab) testPlain(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(job.MainTransport))
	before := l.peer.XfrmStat(t, "XfrmInTmplMismatch")
	j := l.job(0, false)
	j.Do, j.Timeout = job.Plain, silenceTimeout/4
	tap := l.tap(t)
	if r := l.run(t, j); r.Error == "" {
		t.Error("connected")
	}
	traffic := tap.stop(t)
	answered := slices.ContainsFunc(traffic.Clear, func(line string) bool { return !strings.Contains(line, fmt.Sprintf("%s to %s: TCP", host, peer)) })
	if len(traffic.Clear) == 0 || answered || traffic.IKE > 0 || traffic.Protected() > 0 {
		t.Errorf("on the wire: %+v, want SYNs of the host's and no answer", traffic)
	}
	if after := l.peer.XfrmStat(t, "XfrmInTmplMismatch"); after == before {
		t.Error("the peer has dropped nothing")
	}
}

// start starts a job in a guest, and waits until it says a word.
func start(t *testing.T, g *uml.Guest, j job.Job, word string) *uml.Daemon {
	t.Helper()
	d := g.Start(t, uml.Command{Args: []string{jobProgram}, Env: []string{j.Env()}})
	uml.Await(t, word, func() bool { return strings.Contains(d.Output(), word) || d.Ended() })
	if d.Ended() {
		t.Fatalf("not %s: %s", word, d.Output())
	}
	return d
}

// testKilled: a process that is killed leaves something, from which nothing
// leaks, and the next one cleans up.
func (l *lab) testKilled(t *testing.T) {
	traffic := l.watched(t, func() {
		l.connect(t, job.MainTransport).Stop()
		if text := l.charon.Swanctl(t, "--list-conns"); !strings.Contains(text, "iscsi-discovery-") {
			t.Errorf("nothing was left in charon: %s", text)
		}
		if r := l.run(t, l.job(job.MainTransport, false)); r.Error != "" {
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
