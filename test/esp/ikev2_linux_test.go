package esp_test

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/uml"
)

// protection2 is what a peer wants that does IKE version 2.
func protection2(f ipsec.Flags) uml.Protection {
	p := protection(f)
	p.Version = 2
	return p
}

// job2 is the discovery of the peer by IKE version 2.
func (l *lab) job2(flags ipsec.Flags, v6 bool) job.Job {
	j := l.job(flags, v6)
	j.IKE = ipsec.IKEv2
	return j
}

// testIKEv2Failures: what the peer refuses is told by the same words as in version 1.
func (l *lab) testIKEv2Failures(t *testing.T) {
	host, peer := l.ends(false)
	const flags = job.FlagsIKE | ipsec.FlagTransport
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags
		change func(*uml.Protection)
		job    func(*job.Job)
		want   enforce.Cause
	}{
		{name: "wrong key", job: func(j *job.Job) { j.Key = "not the key" }, want: enforce.KeyOrIdentity},
		{name: "wrong identity", change: func(p *uml.Protection) { p.PeerID = "another.example" }, job: func(j *job.Job) { j.Remote = "array.example" }, want: enforce.KeyOrIdentity},
		{name: "IKE", change: func(p *uml.Protection) { p.IKE = "3des-sha1-modp1024" }, want: enforce.NoIKEProposal},
		{name: "ESP", change: func(p *uml.Protection) { p.ESP = "3des-sha1" }, want: enforce.NoESPProposal},
		{name: "PFS", flags: ipsec.FlagPFS, change: func(p *uml.Protection) { p.ESP = "aes128-sha256-ecp384" }, want: enforce.NoESPProposal},
		{name: "version", change: func(p *uml.Protection) { p.Version = 1 }, want: enforce.NoIKEProposal},
		{name: "selectors", change: func(p *uml.Protection) { p.Behind = l.peer.Addresses[2]; p.Tunnel = true }, want: enforce.TrafficSelectors},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := protection2(flags)
			if tt.change != nil {
				tt.change(&p)
			}
			l.peer.Require(t, host, peer, p)
			j := l.job2(flags|tt.flags, false)
			if tt.job != nil {
				tt.job(&j)
			}
			l.fails(t, j, job.CodeFailed, tt.want.String())
			if t.Failed() {
				t.Logf("charon: %s", l.charon.Log(t))
			}
		})
	}
}
