package initiator_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestCHAPPolicy: what each policy offers, what it takes, and how the result tells
// which happened.
func TestCHAPPolicy(t *testing.T) {
	t.Parallel()
	const required, preferred = login.CHAPRequired, login.CHAPPreferred
	open := func() *iscsitest.Target {
		target := scene.CHAPTarget("")
		target.User, target.Secret = "", ""
		return target
	}
	chap := auth.Outcome{Method: "CHAP", Done: true, Algorithm: auth.SHA3_256}
	none := auth.Outcome{Method: "None"}
	tests := []struct {
		name    string
		policy  login.CHAPPolicy
		targets []iscsitest.Handler
		login   func(initiator.SendTargetPortal) initiator.SendTargetPortal // OneWay where nil
		offers  []string                                                    // AuthMethod of each session; empty: not offered
		auth    auth.Outcome
		want    scene.Outcome
		warned  int // of the second try
	}{
		{name: "required, CHAP", policy: required, targets: []iscsitest.Handler{scene.CHAPTarget("")}, offers: []string{"CHAP"}, auth: chap},
		{name: "required, None", policy: required, targets: []iscsitest.Handler{atKey("AuthMethod", "", reply("0", "AuthMethod=None"))}, offers: []string{"CHAP"}, want: badCHAP("AuthMethod: we offered CHAP, the target chose None")},
		{name: "required, open", policy: required, targets: []iscsitest.Handler{open()}, offers: []string{"CHAP"}, want: badCHAP("")},
		{name: "preferred, CHAP", policy: preferred, targets: []iscsitest.Handler{scene.CHAPTarget("")}, offers: []string{"CHAP,None"}, auth: chap},
		{name: "preferred, None", policy: preferred, targets: []iscsitest.Handler{open()}, offers: []string{"CHAP,None"}, auth: none},
		{name: "preferred, wrong secret", policy: preferred, targets: []iscsitest.Handler{confused("5", 0x0201)}, offers: []string{"CHAP,None"}, auth: auth.Outcome{Method: "CHAP", Algorithm: auth.MD5}, want: badCHAP("authentication failure (0x0201)")},
		{name: "preferred, rejected", policy: preferred, targets: []iscsitest.Handler{atKey("AuthMethod", "", reply("0", "AuthMethod=Reject"))}, offers: []string{"CHAP,None"}, want: badCHAP("AuthMethod: we offered CHAP,None, the target chose Reject")},
		{name: "preferred, another", policy: preferred, targets: []iscsitest.Handler{atKey("AuthMethod", "", reply("0", "AuthMethod=KRB5"))}, offers: []string{"CHAP,None"}, want: badCHAP("the target chose KRB5")},
		{name: "preferred, skipped (LIO)", policy: preferred, targets: []iscsitest.Handler{atKey("AuthMethod", "", reply("0>1", "AuthMethod=CHAP"))}, offers: []string{"CHAP,None"}, auth: auth.Outcome{Method: "CHAP"}, want: badCHAP("the target skipped it")},
		{name: "preferred, None with a challenge", policy: preferred, targets: []iscsitest.Handler{atKey("AuthMethod", "", reply("0", "AuthMethod=None", "CHAP_A=5", "CHAP_I=1", "CHAP_C=0x0011"))}, offers: []string{"CHAP,None"}, auth: none, want: badCHAP("CHAP_A: not expected")},
		{name: "preferred, None, then a challenge", policy: preferred, targets: []iscsitest.Handler{instead(open(), 1, reply("0", "CHAP_A=5", "CHAP_I=1", "CHAP_C=0x0011"))}, offers: []string{"CHAP,None"}, auth: none, want: badCHAP("CHAP_A: not expected")},
		{name: "preferred, None, then refused", policy: preferred, targets: []iscsitest.Handler{instead(open(), 1, refusal(0x0201))}, offers: []string{"CHAP,None"}, auth: none, want: badCHAP("authentication failure (0x0201)")},
		{name: "preferred, None, then closed", policy: preferred, targets: []iscsitest.Handler{instead(open(), 1, iscsitest.Close())}, offers: []string{"CHAP,None"}, auth: none, want: lost(initiator.StageLogin)},
		{name: "preferred, None, then refused in the next stage", policy: preferred, targets: []iscsitest.Handler{instead(open(), 2, refusal(0x0200))}, offers: []string{"CHAP,None"}, auth: none, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.InitiatorError}},
		{name: "preferred, second try", policy: preferred, targets: []iscsitest.Handler{confused("7", 0x0200), scene.CHAPTarget("")}, offers: []string{"CHAP,None", "CHAP"}, auth: auth.Outcome{Method: "CHAP", Done: true, Algorithm: auth.MD5}, warned: 1},
		{name: "preferred, no way without CHAP in the second try", policy: preferred, targets: []iscsitest.Handler{confused("7", 0x0200), open()}, offers: []string{"CHAP,None", "CHAP"}, want: badCHAP("")},
		{name: "preferred, no credentials", policy: preferred, login: func(p initiator.SendTargetPortal) initiator.SendTargetPortal { return p }, targets: []iscsitest.Handler{open()}, offers: []string{""}, auth: none},
		{name: "no credentials, refused", login: func(p initiator.SendTargetPortal) initiator.SendTargetPortal { return p }, targets: []iscsitest.Handler{scene.CHAPTarget("")}, offers: []string{""}, want: badCHAP("")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				if tt.login == nil {
					tt.login = scene.OneWay
				}
				p := tt.login(scene.Portal(n, scene.Where, tt.targets...))
				p.Login.CHAPPolicy = tt.policy
				r, _ := discover(t, d, p)
				scene.Judge(t, r.Err, tt.want)
				var got []string
				for _, s := range n.Sessions(netip.MustParseAddrPort(scene.Where)) {
					method, _ := s.Key("AuthMethod")
					got = append(got, method)
				}
				if r.Auth != tt.auth || !slices.Equal(got, tt.offers) {
					t.Errorf("outcome %+v, want %+v; offers %q, want %q", r.Auth, tt.auth, got, tt.offers)
				}
				if scene.Warned(r, initiator.WarnCHAPFallback) != tt.warned || len(r.Warnings) != tt.warned || r.Err == nil && len(r.Targets) != 1 {
					t.Errorf("warnings %v, targets %v", r.Warnings, r.Targets)
				}
			})
		})
	}
}

// TestCHAPPolicyRequests: where the target chooses None, we leave the security stage
// by an empty request, and declare what we have to in the next.
func TestCHAPPolicyRequests(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.OneWay(scene.Portal(n, scene.Where, &iscsitest.Target{}))
		p.Login.CHAPPolicy = login.CHAPPreferred
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		requests := n.Sessions(netip.MustParseAddrPort(scene.Where))[0].Requests
		leaves, ok := requests[1].(*pdu.LoginRequest)
		if !ok || len(leaves.Data) != 0 || !leaves.Transit || leaves.CSG != pdu.SecurityNegotiation || leaves.NSG != pdu.LoginOperationalNegotiation {
			t.Errorf("request %+v", requests[1])
		}
		if declares, ok := requests[2].(*pdu.LoginRequest); !ok || keysOf(declares)["MaxRecvDataSegmentLength"] == "" || len(requests) != 5 {
			t.Errorf("request %+v of %d", requests[2], len(requests))
		}
	})
}

// TestCHAPPolicyText: the names that the command takes.
func TestCHAPPolicyText(t *testing.T) {
	t.Parallel()
	for policy, want := range map[login.CHAPPolicy]string{login.CHAPRequired: "required", login.CHAPPreferred: "preferred", 9: "CHAP policy 9"} {
		if got := policy.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
