package esp_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/ipsec/job"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/uml"
)

// testInPlace: what the host's administrator has set up comes before flags, and
// is used, up already or not.
func (l *lab) testInPlace(t *testing.T) {
	host, peer := l.ends(false)
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags
		enable func(t *testing.T)
	}{
		{name: "trapped", flags: ipsec.FlagValid, enable: func(t *testing.T) { l.charon.Swanctl(t, "--install", "--child", adminName) }},
		{name: "up", flags: job.MainTunnelPFS, enable: l.bringUp},
	} {
		for _, tunnel := range []bool{false, true} {
			p := uml.Protection{Tunnel: tunnel}
			for _, enforcer := range []string{"xfrm", "strongswan"} {
				t.Run(tt.name+", "+p.String()+", "+enforcer, func(t *testing.T) {
					l.peer.Require(t, host, peer, p)
					l.administer(t, p)
					tt.enable(t)
					j := l.job(tt.flags, false)
					j.Repeat = 2
					if enforcer == "xfrm" {
						j.Charon = ""
					}
					var r job.Report
					traffic := l.watched(t, func() { r = l.run(t, j) })
					if r.Error != "" {
						t.Fatalf("%s (%s); %s", r.Error, r.Code, l.charon.Log(t))
					}
					mode := strings.Fields(p.String())[1]
					if r.Existing != ipsec.ExistingProtection.String() || r.Plan != mode || len(r.Targets) != j.Repeat {
						t.Errorf("got %+v, want protection that exists, in %s mode, and a target each time", r, mode)
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

// administer gives the host a connection of its administrator's, until the end of
// the test.
func (l *lab) administer(t *testing.T, p uml.Protection) {
	t.Helper()
	host, peer := l.ends(false)
	l.charon.Load(t, p.ForInitiator(adminName, host, peer))
	t.Cleanup(func() {
		l.charon.Load(t, "connections { }\n")
		l.charon.Terminate(t)
		l.host.Run(t, "ip", "xfrm", "policy", "flush")
		l.host.FlushSAs(t)
	})
}

const adminName = "admin"

// bringUp has that connection negotiated.
func (l *lab) bringUp(t *testing.T) {
	t.Helper()
	if err := l.charon.Initiate(t.Context(), adminName); err != nil {
		t.Fatal(err)
	}
}

// testWeak: associations of the administrator's that do not encrypt are found out
// before anything is said under them.
func (l *lab) testWeak(t *testing.T) {
	host, peer := l.ends(false)
	p := uml.Protection{ESP: "null-sha256"}
	l.peer.Require(t, host, peer, p)
	l.administer(t, p)
	l.bringUp(t)
	tap := l.tap(t)
	r := l.run(t, l.job(job.MainTransport, false))
	traffic := tap.stop(t)
	if r.Code != job.CodeFailed || !strings.Contains(r.Error, "does not encrypt") {
		t.Errorf("got %q (%s), want that it does not encrypt", r.Error, r.Code)
	}
	packets, err := os.ReadFile(tap.capture.File)
	if err != nil {
		t.Fatal(err)
	}
	if traffic.ESP == 0 || bytes.Contains(packets, []byte("InitiatorName")) {
		t.Errorf("on the wire: %+v; want ESP, and nothing of a login in it", traffic)
	}
}

// testNoPolicies: an association of the administrator's that nothing is held to
// protects nothing. It is told, and does not outrank the flags.
func (l *lab) testNoPolicies(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, uml.Protection{})
	l.administer(t, uml.Protection{})
	l.bringUp(t)
	l.host.Run(t, "ip", "xfrm", "policy", "flush")
	j := l.job(job.MainTransport, false)
	j.Do = job.Look
	if r := l.run(t, j); r.Existing != ipsec.ExistingPartial.String() || r.Found != `strongSwan association "`+adminName+`"` {
		t.Errorf("got %+v, want the association, partial", r)
	}
}

// testHeld: while a protected connection is open another one to the same portal
// goes by its rules, although its flags say that there be no IPsec.
func (l *lab) testHeld(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(job.MainTransport))
	j := l.job(job.MainTransport, false)
	j.Do, j.Other = job.Twice, ipsec.FlagValid
	var r job.Report
	traffic := l.watched(t, func() { r = l.run(t, j) })
	if r.Error != "" || len(r.Targets) != 2 || r.Existing != ipsec.ExistingRule.String() || r.Plan != "transport" || r.Proof == nil {
		t.Errorf("got %+v, want a target twice, the second time by the rule of the first", r)
	}
	if traffic.Protected() == 0 {
		t.Errorf("on the wire: %+v, want ESP", traffic)
	}
	l.wantClean(t)
}
