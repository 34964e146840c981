package initiator_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestProbeLogin: a probe with a login logs in and out, and asks for nothing.
func TestProbeLogin(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, scene.Where, scene.Showing("192.0.2.2:3260,1"))
		there := n.Portal("192.0.2.2:3260", &iscsitest.Target{})
		r, _ := discover(t, d, p)
		newProber(d, initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
		s := n.Sessions(there)
		if len(s) != 1 {
			t.Fatalf("got %d sessions, want 1", len(s))
		}
		var got []string
		for _, request := range s[0].Requests {
			got = append(got, request.Opcode().String())
		}
		if want := []string{"Login Request", "Logout Request"}; !cmp.Equal(got, want) {
			t.Errorf("got requests %v, want %v", got, want)
		}
		if kind, _ := s[0].Key("SessionType"); kind != "Discovery" {
			t.Errorf("got a session of type %q", kind)
		}
		if s[0].Peer.Addr() != r.Source {
			t.Errorf("from %s, want %s", s[0].Peer.Addr(), r.Source)
		}
	})
}

// TestProbeCredentials: credentials go to the host that was asked, and elsewhere
// only where that is said.
func TestProbeCredentials(t *testing.T) {
	t.Parallel()
	const same, other = "192.0.2.1:3261", "192.0.2.2:3260"
	wants := func() *iscsitest.Target {
		return &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, MutualUser: scene.TargetUser, MutualSecret: scene.TargetSecret}
	}
	tests := []struct {
		name    string
		policy  login.RedirectPolicy
		own     login.RedirectPolicy // of the portal
		mutual  bool
		to      string
		there   *iscsitest.Target
		method  string // that the address was offered
		reach   string
		without bool // told that it was probed without CHAP
	}{
		{name: "same host", to: same, there: wants(), method: "CHAP", reach: "reachable"},
		{name: "same host, mutual", mutual: true, to: same, there: wants(), method: "CHAP", reach: "reachable"},
		{name: "another host", to: other, there: &iscsitest.Target{}, reach: "reachable", without: true},
		{name: "another host wants them", to: other, there: wants(), reach: "unreachable", without: true},
		{name: "another host, mutual", mutual: true, to: other, there: wants(), reach: "not tried"},
		{name: "another host, no redirects", policy: login.RedirectNone, to: other, there: &iscsitest.Target{}, reach: "reachable", without: true},
		{name: "another host, allowed", policy: login.RedirectAny, to: other, there: wants(), method: "CHAP", reach: "reachable"},
		{name: "another host, allowed at the portal", own: login.RedirectAny, to: other, there: wants(), method: "CHAP", reach: "reachable"},
		{name: "another host, mutual, allowed", policy: login.RedirectAny, mutual: true, to: other, there: wants(), method: "CHAP", reach: "reachable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Redirect = tt.policy
				asked := wants()
				asked.Records = scene.Showing(tt.to + ",1").Records
				p := scene.WithCHAP(scene.Portal(n, scene.Where, asked), scene.CHAPUser, scene.CHAPSecret)
				if tt.mutual {
					p = scene.WithMutualCHAP(p, scene.TargetUser, scene.TargetSecret)
				}
				p.Login.Redirect = tt.own
				there := n.Portal(tt.to, tt.there)
				r, _ := discover(t, d, p)
				scene.Judge(t, r.Err, scene.Outcome{})
				newProber(d, initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
				scene.JudgeResult(t, r)
				if got := r.Targets[0].Addresses[0].Reach.String(); got != tt.reach {
					t.Errorf("got %q, want %q; %v", got, tt.reach, r.Warnings)
				}
				without := "192.0.2.2:3260 was probed without CHAP: the credentials are only for 192.0.2.1 (--redirect any sends them to other hosts too)"
				if !tt.without {
					without = ""
				}
				scene.WantWarnings(t, &r, initiator.WarnProbeNoCredentials, lines(without)...)
				sessions := n.Sessions(there)
				if tt.reach == "not tried" {
					if len(sessions) > 0 {
						t.Errorf("asked all the same: %+v", sessions)
					}
					return
				}
				for _, key := range []string{"AuthMethod", "CHAP_N", "CHAP_R"} {
					if _, sent := sessions[0].Key(key); sent != (tt.method != "") {
						t.Errorf("%s sent: %t", key, sent)
					}
				}
			})
		})
	}
}

// TestProbeAfterRedirect: credentials are for the portal that was asked, not for
// the one that it sent us to.
func TestProbeAfterRedirect(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.WithCHAP(scene.Portal(n, scene.Where, scene.Sends("192.0.2.2:3260")), scene.CHAPUser, scene.CHAPSecret)
		n.Portal("192.0.2.2:3260", scene.Showing("192.0.2.2:3260,1", "192.0.2.2:3261,1", scene.Where+",1"))
		there := n.Portal("192.0.2.2:3261", &iscsitest.Target{})
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		newProber(d, initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
		want := map[string]string{"192.0.2.2:3260,1": "reachable", "192.0.2.2:3261,1": "reachable", scene.Where + ",1": "reachable"}
		if diff := cmp.Diff(want, reaches(&r)); diff != "" {
			t.Error(diff)
		}
		if _, sent := n.Sessions(there)[0].Key("AuthMethod"); sent {
			t.Error("credentials went to another host")
		}
		if got := len(n.Dials()); got != 3 {
			t.Errorf("got %d dials, want 3: %v", got, n.Dials())
		}
	})
}

// TestProbeAlgorithm: the algorithm of CHAP that worked at the portal is offered
// alone, so that no second try is needed.
func TestProbeAlgorithm(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		asked := &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Algorithm: "5", Records: scene.Showing("192.0.2.1:3261,1").Records}
		p := scene.WithCHAP(scene.Portal(n, scene.Where, asked), scene.CHAPUser, scene.CHAPSecret)
		there := n.Portal("192.0.2.1:3261", &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, Algorithm: "5"})
		r, _ := discover(t, d, p)
		newProber(d, initiator.ProbeLogin).ProbeTargets(t.Context(), &r)
		if got, _ := n.Sessions(there)[0].Key("CHAP_A"); got != "5" || r.Targets[0].Addresses[0].Reach != target.Reachable {
			t.Errorf("offered %q; %+v", got, r.Targets)
		}
	})
}
