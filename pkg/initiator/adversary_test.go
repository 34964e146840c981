package initiator_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// An adversary is a target that plays by the rules but for a few responses, and
// what has to come of it.
type adversary struct {
	name   string
	target *iscsitest.Target                                           // nil: one with one target to show
	ask    func(initiator.SendTargetPortal) initiator.SendTargetPortal // nil: as it is
	steps  []iscsitest.Step                                            // in the place of its first responses; nil is the honest one
	sent   int                                                         // requests that we send in all; 0: not counted
	want   scene.Outcome
	judge  func(t *testing.T, r initiator.Result) // nil: of a success one target is wanted
}

// run plays the scenarios. The Auditor of each connection judges what we send
// beside them.
func (a adversary) run(t *testing.T) {
	t.Run(a.name, func(t *testing.T) {
		t.Parallel()
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			target := a.target
			if target == nil {
				target = one()
			}
			p := scene.Portal(n, scene.Where, scripted(target, a.steps...))
			if a.ask != nil {
				p = a.ask(p)
			}
			r, took := discover(t, d, p)
			if scene.Judge(t, r.Err, a.want); took != 0 {
				t.Errorf("it took %s", took)
			}
			switch {
			case a.judge != nil:
				a.judge(t, r)
			case a.want == (scene.Outcome{}) && len(r.Targets) != 1:
				t.Errorf("targets %v", r.Targets)
			}
			if got := len(n.Sessions(netip.MustParseAddrPort(scene.Where))[0].Requests); a.sent != 0 && got != a.sent {
				t.Errorf("%d requests, want %d", got, a.sent)
			}
		})
	})
}

// one is a target with one target to show. Two requests and a logout are what
// it takes to see it.
func one() *iscsitest.Target {
	return &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}}}
}

// scripted takes steps in the place of the target's first responses; where one
// is nil, the response is sent.
func scripted(target *iscsitest.Target, steps ...iscsitest.Step) *iscsitest.Target {
	honest := target.Respond
	n := 0
	target.Respond = func(request, response pdu.PDU) iscsitest.Step {
		if n++; n <= len(steps) && steps[n-1] != nil {
			return steps[n-1]
		}
		if honest != nil {
			return honest(request, response)
		}
		return nil
	}
	return target
}

// reply is a Login Response in the stage that the flags tell: "1", or "1>3" where
// it goes on to another; a "+" behind it says that its text goes on.
func reply(flags string, pairs ...string) iscsitest.Step {
	return replyBut(flags, pairs, func(*pdu.LoginResponse) {})
}

// replyBut is reply with a change.
func replyBut(flags string, pairs []string, change func(m *pdu.LoginResponse)) iscsitest.Step {
	m := &pdu.LoginResponse{CSG: pdu.Stage(flags[0] - '0'), Data: iscsitest.Text(pairs...)}
	if len(flags) > 2 && flags[1] == '>' {
		m.Transit, m.NSG = true, pdu.Stage(flags[2]-'0')
	}
	m.Continue = flags[len(flags)-1] == '+'
	return iscsitest.Send(m, change)
}

// part is a Text Response; the last one, unless more says which tag asks on.
func part(text string, more ...uint32) iscsitest.Step {
	m := &pdu.TextResponse{Final: len(more) == 0, Data: pdu.Text(text)}
	if !m.Final {
		m.TTT = more[0]
	}
	return iscsitest.Send(m)
}
