package initiator_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRedirectCredentials: credentials go to the host that they were given for,
// and elsewhere only where that is said.
func TestRedirectCredentials(t *testing.T) {
	t.Parallel()
	none := func(p initiator.SendTargetPortal) initiator.SendTargetPortal { return p }
	chap := func(p initiator.SendTargetPortal) initiator.SendTargetPortal {
		return scene.WithCHAP(p, scene.CHAPUser, scene.CHAPSecret)
	}
	mutual := func(p initiator.SendTargetPortal) initiator.SendTargetPortal {
		return scene.WithMutualCHAP(chap(p), scene.TargetUser, scene.TargetSecret)
	}
	wants := &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, MutualUser: scene.TargetUser, MutualSecret: scene.TargetSecret}
	refused := scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure, Text: "authentication failure (0x0201)"}
	const same, other = "192.0.2.1:3261", "192.0.2.2:3260"
	tests := []struct {
		name   string
		policy login.RedirectPolicy
		login  func(initiator.SendTargetPortal) initiator.SendTargetPortal
		to     string
		target *iscsitest.Target // there
		method string            // that we offer there; empty: none
		warned int
		want   scene.Outcome
	}{
		{name: "none, other host", login: none, to: other, target: &iscsitest.Target{}},
		{name: "none, other host wants them", login: none, to: other, target: wants, want: refused},
		{name: "same host", login: chap, to: same, target: wants, method: "CHAP"},
		{name: "same host wants none", login: chap, to: same, target: &iscsitest.Target{}, method: "CHAP", want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure}},
		{name: "same host, mutual", login: mutual, to: same, target: wants, method: "CHAP"},
		{name: "other host", login: chap, to: other, target: &iscsitest.Target{}, warned: 1},
		{name: "other host wants them", login: chap, to: other, target: wants, warned: 1, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure, Text: "credentials are sent to the first host only"}},
		{name: "other host, mutual", login: mutual, to: other, target: wants, want: notFollowed("the secrets are not sent to another host")},
		{name: "other host, allowed", policy: login.RedirectAny, login: chap, to: other, target: wants, method: "CHAP"},
		{name: "other host, mutual, allowed", policy: login.RedirectAny, login: mutual, to: other, target: wants, method: "CHAP"},
		{name: "not followed", policy: login.RedirectNone, login: chap, to: same, target: wants, want: notFollowed("redirections are not followed")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Redirect = tt.policy
				p := tt.login(scene.Portal(n, scene.Where, scene.Sends(tt.to)))
				there := n.Portal(tt.to, tt.target)
				r, _ := discover(t, d, p)
				scene.Judge(t, r.Err, tt.want)
				if got := scene.Warned(r, initiator.WarnNoCredentials); got != tt.warned {
					t.Errorf("warnings %v", r.Warnings)
				}
				sessions := n.Sessions(there)
				if len(sessions) == 0 {
					if len(r.Redirects) > 0 && r.Err == nil {
						t.Error("nobody asked there")
					}
					return
				}
				if method, _ := sessions[0].Key("AuthMethod"); method != tt.method {
					t.Errorf("AuthMethod %q there, want %q", method, tt.method)
				}
				if tt.method == "" && (r.Auth.Method != "" && r.Err != nil || r.Err == nil && r.Auth != auth.Outcome{Method: "None"}) {
					t.Errorf("outcome %+v without credentials", r.Auth)
				}
			})
		})
	}
}

// TestRedirectCredentialsBack (issue 13, 38): a portal that sends us to another host,
// which sends us back, is asked with the credentials that are for it.
func TestRedirectCredentialsBack(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.WithCHAP(scene.Portal(n, scene.Where, scene.Sends("192.0.2.2")), scene.CHAPUser, scene.CHAPSecret)
		n.Portal("192.0.2.2:3260", scene.Sends("192.0.2.1:3261"))
		back := n.Portal("192.0.2.1:3261", &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret})
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		if _, sent := n.Sessions(back)[0].Key("AuthMethod"); !sent || len(r.Redirects) != 2 {
			t.Errorf("CHAP offered %t, hops %v", sent, r.Redirects)
		}
	})
}

// TestRedirectEarlierAddress: the hops of an address that failed are not those
// of the one that worked.
func TestRedirectEarlierAddress(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Lookup = scene.Lookup("192.0.2.1", "192.0.2.2")
		n.Portal("192.0.2.1:3260", scene.Sends("192.0.2.9"))
		n.Portal("192.0.2.2:3260", &iscsitest.Target{})
		r, _ := discover(t, d, named)
		scene.Judge(t, r.Err, scene.Outcome{})
		if len(r.Redirects) != 0 || r.Address != netip.MustParseAddrPort("192.0.2.2:3260") {
			t.Errorf("at %s by way of %v", r.Address, r.Redirects)
		}
		if len(r.Warnings) != 1 || r.Warnings[0].Code != initiator.WarnEarlierAddress {
			t.Errorf("warnings %v", r.Warnings)
		}
	})
}
