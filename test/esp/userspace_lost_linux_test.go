package esp_test

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
)

// talkTime is for how long a connection is talked by, while the peer does something.
const talkTime = 1500 * time.Millisecond

// testUserspaceDeleted: where the peer ends everything, the connection ends at once and
// with the reason. Where it deletes the associations of ESP alone, it goes on with new
// ones.
func (l *lab) testUserspaceDeleted(t *testing.T) {
	for _, ike := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		t.Run("IKEv"+ike.String()+", everything", func(t *testing.T) {
			j := l.idleFor(t, l.userspace(ike, v2Transport, false), job.Listen)
			j.Do = job.Connect
			var r job.Report
			traffic := l.watched(t, func() {
				c := j.StartChild(t)
				c.Await(t, "connected")
				l.peer.Charon.Terminate(t)
				r = c.Report(t)
			})
			if !r.Lost {
				t.Errorf("got %q, want a LostError", r.Error)
			}
			wantInUDP(t, traffic)
			l.wantForgotten(t)
		})
		t.Run("IKEv"+ike.String()+", ESP", func(t *testing.T) {
			l.talks(t, l.userspace(ike, v2Transport, false), 4, "--terminate", "--child", "peer")
		})
	}
}

// testUserspaceRenewed: the peer renews its associations, and the connection does not
// notice.
func (l *lab) testUserspaceRenewed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ike   ipsec.IKEVersion
		flags ipsec.Flags
		what  string
		spis  int
	}{
		{name: "IKEv1, ESP", ike: ipsec.IKEv1, flags: v2Transport, what: "--child", spis: 4},
		{name: "IKEv1, ESP, PFS", ike: ipsec.IKEv1, flags: v2Transport | ipsec.FlagPFS, what: "--child", spis: 4},
		{name: "IKEv2, ESP", ike: ipsec.IKEv2, flags: v2Transport, what: "--child", spis: 4},
		{name: "IKEv2, ESP, PFS", ike: ipsec.IKEv2, flags: v2Transport | ipsec.FlagPFS, what: "--child", spis: 4},
		{name: "IKEv2, IKE", ike: ipsec.IKEv2, flags: v2Transport, what: "--ike", spis: 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l.talks(t, l.userspace(tt.ike, tt.flags, false), tt.spis, "--rekey", tt.what, "peer")
		})
	}
}

// talks has the peer do something while a connection is talked by, which does not notice.
// The proof has to have that many SPIs at least.
func (l *lab) talks(t *testing.T, j job.Job, spis int, do ...string) {
	t.Helper()
	j = l.idleFor(t, j, job.Echo)
	j.Do, j.Patience, j.Timeout = job.Talk, talkTime, silenceTimeout
	var r job.Report
	traffic := l.watched(t, func() {
		c := j.StartChild(t)
		c.Await(t, "connected")
		l.peer.Charon.Swanctl(t, do...)
		r = c.Report(t)
	})
	if r.Error != "" || r.Unproven != "" {
		t.Fatalf("got %q; of the proof %q", r.Error, r.Unproven)
	}
	if len(r.Proof.SPIs) < spis {
		t.Errorf("proof: got %d SPIs, want %d at least", len(r.Proof.SPIs), spis)
	}
	wantInUDP(t, traffic)
	wantProof(t, j, r)
	l.wantForgotten(t)
}
