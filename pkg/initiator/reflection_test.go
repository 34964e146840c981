package initiator_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// keysOf returns the keys of a Login Request.
func keysOf(m *pdu.LoginRequest) map[string]string {
	keys := make(map[string]string)
	for p, err := range m.Data.Pairs() {
		if err == nil {
			keys[string(p.Key)] = string(p.Value)
		}
	}
	return keys
}

// challenges begins CHAP and asks for the response to a challenge.
func challenges(challenge func() string) iscsitest.Script {
	expect := func(key string) iscsitest.Step {
		return iscsitest.Check(func(m *pdu.LoginRequest) error {
			if keysOf(m)[key] == "" {
				return fmt.Errorf("no %s in %q", key, m.Data)
			}
			return nil
		})
	}
	return iscsitest.Script{
		expect("AuthMethod"),
		iscsitest.Send(&pdu.LoginResponse{Data: iscsitest.Text("AuthMethod=CHAP")}),
		expect("CHAP_A"),
		func(c *iscsitest.Conn) error {
			return c.Send(&pdu.LoginResponse{Data: iscsitest.Text("CHAP_A=5", "CHAP_I=1", "CHAP_C="+challenge())})
		},
	}
}

// overhears takes our challenge from a mutual exchange.
func overhears(heard func(challenge string)) iscsitest.Script {
	return append(challenges(func() string { return "0x00112233445566778899aabbccddeeff" }),
		iscsitest.Check(func(m *pdu.LoginRequest) error {
			heard(keysOf(m)["CHAP_C"])
			return nil
		}))
}

// reflected is the outcome of a target that sends a challenge of ours back. That
// no response goes out is what the scripts expect: they end with it.
var reflected = scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure, Text: "the target sent our own challenge back"}

// TestReflectionParallel: a target that is asked twice at once, or two of them,
// cannot have us answer the challenge that we put to the other.
func TestReflectionParallel(t *testing.T) {
	t.Parallel()
	for _, mutualVictim := range []bool{false, true} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			heard, over := make(chan string, 1), make(chan struct{})
			first := append(overhears(func(c string) { heard <- c }), func(*iscsitest.Conn) error { <-over; return nil }, iscsitest.Close())
			second := challenges(func() string { return <-heard })
			p := scene.WithMutualCHAP(scene.WithCHAP(scene.Portal(n, scene.Where, first), scene.CHAPUser, scene.CHAPSecret), scene.TargetUser, scene.TargetSecret)
			q := scene.WithCHAP(scene.Portal(n, "192.0.2.2:3260", second), scene.CHAPUser, scene.CHAPSecret)
			if mutualVictim {
				q = scene.WithMutualCHAP(q, scene.TargetUser, scene.TargetSecret)
			}
			for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{p, q})) {
				if done := e.(initiator.PortalDone); done.Index == 1 {
					scene.Judge(t, done.Result.Err, reflected)
					close(over)
				} else {
					scene.Judge(t, done.Result.Err, lost(initiator.StageLogin))
				}
			}
		})
	}
}

// TestReflectionRedirected: nor can the target that it sends us to.
func TestReflectionRedirected(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"192.0.2.1:3261", "192.0.2.2:3260"} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Redirect = login.RedirectAny
			var challenge string
			first := append(overhears(func(c string) { challenge = c }),
				iscsitest.Send(&pdu.LoginResponse{Status: pdu.StatusMovedTemporarily, Data: iscsitest.Text("TargetAddress=" + to)}))
			p := scene.WithMutualCHAP(scene.WithCHAP(scene.Portal(n, scene.Where, first), scene.CHAPUser, scene.CHAPSecret), scene.TargetUser, scene.TargetSecret)
			n.Portal(to, challenges(func() string { return challenge }))
			r, _ := discover(t, d, p)
			if scene.Judge(t, r.Err, reflected); len(r.Redirects) != 1 {
				t.Errorf("hops %v", r.Redirects)
			}
		})
	}
}

// TestReflectionLater: once a portal is done, its challenges are forgotten; each
// session has a new one.
func TestReflectionLater(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var heard []string
		p := scene.WithMutualCHAP(scene.WithCHAP(scene.Portal(n, scene.Where, append(overhears(func(c string) { heard = append(heard, c) }), iscsitest.Close())), scene.CHAPUser, scene.CHAPSecret), scene.TargetUser, scene.TargetSecret)
		for range 3 {
			r, _ := discover(t, d, p)
			scene.Judge(t, r.Err, lost(initiator.StageLogin))
		}
		if len(heard) != 3 || heard[0] == heard[1] || heard[1] == heard[2] || len(heard[0]) != 2+2*16 {
			t.Errorf("challenges %v", heard)
		}
		// What we asked before may be asked of us now.
		q := scene.WithCHAP(scene.Portal(n, "192.0.2.2:3260", append(challenges(func() string { return heard[0] }),
			iscsitest.Expect(&pdu.LoginRequest{Transit: true, NSG: pdu.LoginOperationalNegotiation}), iscsitest.Close())), scene.CHAPUser, scene.CHAPSecret)
		r, _ := discover(t, d, q)
		scene.Judge(t, r.Err, lost(initiator.StageLogin))
	})
}

// TestCHAPDowngrade: CHAP that was asked for and did not happen is a failure,
// also where the target would let us in.
func TestCHAPDowngrade(t *testing.T) {
	t.Parallel()
	in := &pdu.LoginResponse{Transit: true, NSG: pdu.LoginOperationalNegotiation}
	through := &pdu.LoginResponse{Transit: true, NSG: pdu.FullFeaturePhase}
	failed := scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure}
	with := func(m pdu.LoginResponse, pairs ...string) *pdu.LoginResponse {
		m.Data = iscsitest.Text(pairs...)
		return &m
	}
	challenge := []string{"CHAP_A=5", "CHAP_I=1", "CHAP_C=0x0011223344556677"}
	tests := []struct {
		name    string
		answers []*pdu.LoginResponse
		mutual  bool // only there it is wrong
	}{
		{name: "None", answers: []*pdu.LoginResponse{with(*in, "AuthMethod=None")}},
		{name: "None, straight through", answers: []*pdu.LoginResponse{with(*through, "AuthMethod=None")}},
		{name: "Reject and on (istgt)", answers: []*pdu.LoginResponse{with(*in, "AuthMethod=Reject")}},
		{name: "skipped (LIO)", answers: []*pdu.LoginResponse{with(*in, "AuthMethod=CHAP")}},
		{name: "nothing said", answers: []*pdu.LoginResponse{in}},
		{name: "nothing said, straight through", answers: []*pdu.LoginResponse{through}},
		{name: "skipped at the algorithm", answers: []*pdu.LoginResponse{with(pdu.LoginResponse{}, "AuthMethod=CHAP"), in}},
		{name: "no proof", answers: []*pdu.LoginResponse{with(pdu.LoginResponse{}, "AuthMethod=CHAP"), with(pdu.LoginResponse{}, challenge...), in}, mutual: true},
		{name: "no proof, yet", answers: []*pdu.LoginResponse{with(pdu.LoginResponse{}, "AuthMethod=CHAP"), with(pdu.LoginResponse{}, challenge...), {}}, mutual: true},
		{name: "our own response back", mutual: true},
	}
	for _, tt := range tests {
		for _, mutual := range []bool{false, true} {
			if tt.mutual && !mutual {
				continue
			}
			t.Run(fmt.Sprintf("%s, mutual %t", tt.name, mutual), func(t *testing.T) {
				t.Parallel()
				scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					var script iscsitest.Script
					for _, a := range tt.answers {
						script = append(script, iscsitest.Check(func(*pdu.LoginRequest) error { return nil }), iscsitest.Send(a))
					}
					var handler iscsitest.Handler = script
					if tt.answers == nil { // it knows our secret alone
						handler = &iscsitest.Target{User: scene.CHAPUser, Secret: scene.CHAPSecret, MutualUser: scene.TargetUser, MutualSecret: scene.CHAPSecret}
					}
					p := scene.WithCHAP(scene.Portal(n, scene.Where, handler), scene.CHAPUser, scene.CHAPSecret)
					if mutual {
						p = scene.WithMutualCHAP(p, scene.TargetUser, scene.TargetSecret)
					}
					r, _ := discover(t, d, p)
					if scene.Judge(t, r.Err, failed); r.Auth.Mutual {
						t.Errorf("outcome %+v", r.Auth)
					}
				})
			})
		}
	}
}
