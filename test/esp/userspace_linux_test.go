package esp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/uml"
	"github.com/go-iscsi/discovery/test/uml/wire"
)

// testUserspace: IPsec within the process. The job runs in the namespace of the test, as
// an ordinary user without a capability, and the peer is the same as for the others.
func (l *lab) testUserspace(t *testing.T) {
	t.Run("in a guest", l.testUserspaceGuest)
	t.Run("algorithms", l.testUserspaceAlgorithms)
	t.Run("gateway", l.testUserspaceGateway)
	t.Run("identities", l.testUserspaceIdentities)
	t.Run("suite", l.testUserspaceSuite)
	t.Run("failures", l.testUserspaceFailures)
	t.Run("silent", l.testUserspaceSilent)
	t.Run("several at once", l.testUserspaceSeveral)
	t.Run("several processes at once", l.testUserspaceProcesses)
	t.Run("deleted by the peer", l.testUserspaceDeleted)
	t.Run("renewed by the peer", l.testUserspaceRenewed)
	t.Run("killed", l.testUserspaceKilled)
	t.Run("behind a NAT", l.testNAT)
}

// userspaceTimeout is for what takes a second at most on a machine that is idle.
const userspaceTimeout = 20 * time.Second

// userspace returns a job for the enforcer of package userspace, in the namespace of the
// test.
func (l *lab) userspace(ike ipsec.IKEVersion, flags ipsec.Flags, v6 bool) job.Job {
	j := l.job(flags, v6)
	j.Enforcer, j.Charon, j.IKE = job.Userspace, "", ike
	j.Source, j.Timeout = l.host.Near[0], userspaceTimeout
	if v6 {
		j.Source = l.host.Near[1]
	}
	return j
}

// asks does a discovery that has to succeed, and returns what protected it.
func (l *lab) asks(t *testing.T, j job.Job) job.Report {
	t.Helper()
	var r job.Report
	traffic := l.watched(t, func() { r = j.RunChild(t) })
	if r.Error != "" {
		t.Fatalf("%s (%s)", r.Error, r.Code)
	}
	if len(r.Targets) != max(j.Repeat, 1) || r.Targets[0] != disk {
		t.Errorf("targets: got %v, want %s", r.Targets, disk)
	}
	t.Log(r.Took())
	wantInUDP(t, traffic)
	wantProof(t, j, r)
	l.wantForgotten(t)
	return r
}

// wantInUDP fails the test where there was anything but IKE and ESP in UDP.
func wantInUDP(t *testing.T, traffic *wire.Traffic) {
	t.Helper()
	if traffic.IKE == 0 || traffic.ESPInUDP == 0 || traffic.ESP > 0 {
		t.Errorf("on the wire: %+v, want IKE and ESP in UDP", traffic)
	}
}

// wantProof fails the test where the proof is not that of the plan.
func wantProof(t *testing.T, j job.Job, r job.Report) {
	t.Helper()
	plan, err := ipsec.Settings{Flags: j.Flags}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	exchange := plan.Exchange.String()
	if j.IKE == ipsec.IKEv2 {
		exchange = "ikev2"
	}
	p := r.Proof
	if p == nil {
		t.Fatal("no proof")
	}
	if p.Enforcer != job.Userspace || p.Mode != plan.Mode.String() || p.Exchange != exchange || len(p.SPIs) < 2 || p.BytesIn == 0 || p.BytesOut == 0 {
		t.Errorf("proof: got %+v, want %s, %s, SPIs and bytes both ways", p, plan.Mode, exchange)
	}
	if len(p.Algorithms) < 2 || !strings.HasPrefix(p.Algorithms[0], "ike ") {
		t.Fatalf("algorithms: got %q, want those of IKE, and then those of ESP", p.Algorithms)
	}
	for _, a := range p.Algorithms[1:] {
		if group := strings.Contains(a, "MODP_") || strings.Contains(a, "ECP_"); !strings.HasPrefix(a, "esp ") || group != plan.PFS {
			t.Errorf("algorithms: got %q, want ESP, and with a group %v", a, plan.PFS)
		}
	}
}

// wantForgotten waits until the peer has nothing left of a connection. It was told.
func (l *lab) wantForgotten(t *testing.T) {
	t.Helper()
	l.wantGone(t, l.peer.Charon)
}

// wantGone is wantForgotten for a peer with any daemon.
func (l *lab) wantGone(t *testing.T, d interface{ Left(t testing.TB) string }) {
	t.Helper()
	uml.AwaitNone(t, "the end of what the peer has", func() string {
		left := d.Left(t)
		for _, sa := range l.peer.SAs(t) {
			left += fmt.Sprintf("in the kernel: %+v\n", sa)
		}
		return left
	})
}

// testUserspaceGuest: on another kernel, where charon has the ports of IKE, and again
// without a privilege.
func (l *lab) testUserspaceGuest(t *testing.T) {
	for _, ike := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		t.Run(ike.String(), func(t *testing.T) {
			j := l.userspace(ike, job.FlagsIKE|ipsec.FlagTransport|ipsec.FlagPFS, false)
			j.Source, _ = l.ends(false)
			j.Unprivileged = true
			l.peer.Require(t, j.Source, j.Portal.Addr(), protectionFor(j))
			var out strings.Builder
			traffic := l.watched(t, func() {
				cmd := uml.Command{Args: job.Unprivileged(jobProgram), Env: []string{j.Env()}}
				if err := l.host.Exec(t.Context(), cmd, &out); err != nil {
					t.Fatal(err)
				}
			})
			r := job.ReadReport(t, out.String())
			t.Log(r.Took())
			if r.Error != "" || len(r.Targets) != 1 {
				t.Fatalf("got %+v, want a target", r)
			}
			wantInUDP(t, traffic)
			wantProof(t, j, r)
			l.wantForgotten(t)
			l.wantClean(t)
		})
	}
}
