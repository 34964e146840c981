package initiator_test

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestFlood: whatever a target sends instead of an answer, again and again, ends
// at the latest when the time is up, and costs no more than a bound.
func TestFlood(t *testing.T) {
	t.Parallel()
	ping := iscsitest.Steps(iscsitest.Send(&pdu.NOPIn{TTT: 7}), func(c *iscsitest.Conn) error {
		_, err := c.Receive()
		return err
	})
	mute := iscsitest.Send(&pdu.NOPIn{TTT: pdu.NoTag})
	event := iscsitest.Send(&pdu.AsyncMessage{Event: pdu.AsyncSCSI})
	ask := func(c *iscsitest.Conn) error {
		_, err := c.Receive()
		return err
	}
	more := func(text string) iscsitest.Step {
		return iscsitest.Steps(iscsitest.Send(&pdu.TextResponse{TTT: 1, Data: pdu.Text(text)}), ask)
	}
	login := iscsitest.Steps(iscsitest.Send(&pdu.LoginResponse{CSG: pdu.LoginOperationalNegotiation}), ask)
	piece := iscsitest.Steps(iscsitest.Send(&pdu.LoginResponse{CSG: pdu.LoginOperationalNegotiation, Continue: true}), ask)
	unsolicited := scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText, Text: "more than 1024 unsolicited PDUs"}
	rounds := scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.LoginFailed, Text: "more than 64 login responses"}
	late := lost(initiator.StageDiscover)
	tests := []struct {
		name  string
		at    int // response of a plain target: 0 is login, 1 the list
		step  iscsitest.Step
		pause time.Duration
		want  scene.Outcome
	}{
		{name: "pings", at: 1, step: ping, want: unsolicited},
		{name: "pings, slowly", at: 1, step: ping, pause: 100 * time.Millisecond, want: late},
		{name: "NOP-Ins", at: 1, step: mute, want: unsolicited},
		{name: "NOP-Ins, slowly", at: 1, step: mute, pause: 100 * time.Millisecond, want: late},
		{name: "events", at: 1, step: event, want: unsolicited},
		{name: "events, slowly", at: 1, step: event, pause: 100 * time.Millisecond, want: late},
		{name: "empty parts", at: 1, step: more(""), want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText, Text: "more than 8 empty text responses in a row"}},
		{name: "NULs, slowly", at: 1, step: more("\x00"), pause: 10 * time.Millisecond, want: late},
		{name: "own keys, slowly", at: 1, step: more("X-a=b\x00"), pause: 10 * time.Millisecond, want: late},
		{name: "a target a second", at: 1, step: more("TargetName=iqn.2026-11.com.example:disk1\x00"), pause: time.Second, want: late},
		{name: "login that does not end", at: 0, step: login, want: rounds},
		{name: "login that does not end, slowly", at: 0, step: login, pause: time.Second, want: lost(initiator.StageLogin)},
		{name: "pieces of login that do not end", at: 0, step: piece, want: rounds},
		{name: "NOP-Ins in login", at: 0, step: mute, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.LoginFailed, Text: "it came during login"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				step := iscsitest.UntilGone(iscsitest.Steps(iscsitest.Delay(tt.pause), tt.step))
				r, took := discover(t, d, scene.Portal(n, scene.Where, instead(&iscsitest.Target{}, tt.at, step)))
				scene.Judge(t, r.Err, tt.want)
				if tt.pause == 0 && took != 0 || tt.pause > 0 && took != d.Timeout {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// TestAsyncEvents: what a target may announce while we wait.
func TestAsyncEvents(t *testing.T) {
	t.Parallel()
	ended := func(text string) scene.Outcome {
		return scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.TransportError, Retry: true, Text: "target ends the session: " + text}
	}
	rejected := func(text string, again bool) scene.Outcome {
		return scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.NonSpecificError, Retry: again, Text: "target rejected our request: " + text}
	}
	tests := []struct {
		name string
		pdu  pdu.PDU
		want scene.Outcome
	}{
		{name: "logout", pdu: &pdu.AsyncMessage{Event: pdu.AsyncLogout, Parameter3: 5}},
		{name: "negotiate", pdu: &pdu.AsyncMessage{Event: pdu.AsyncNegotiate, Parameter3: 5}},
		{name: "vendor", pdu: &pdu.AsyncMessage{Event: 255, VCode: 7, Data: []byte("\x1b[2J")}},
		{name: "drop connection", pdu: &pdu.AsyncMessage{Event: pdu.AsyncDropConnection}, want: ended("connection will be dropped")},
		{name: "drop session", pdu: &pdu.AsyncMessage{Event: pdu.AsyncDropSession}, want: ended("session will be dropped")},
		{name: "rejected", pdu: &pdu.Reject{Reason: pdu.RejectNotSupported}, want: rejected("command not supported (0x05)", false)},
		{name: "rejected for now", pdu: &pdu.Reject{Reason: pdu.RejectTooManyImmediate}, want: rejected("too many immediate commands (0x06)", true)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				end := iscsitest.UntilGone(iscsitest.Send(&pdu.TextResponse{Final: true}))
				if tt.want == (scene.Outcome{}) {
					end = iscsitest.Send(&pdu.TextResponse{Final: true})
				}
				target := instead(&iscsitest.Target{}, 1, iscsitest.Steps(iscsitest.Send(tt.pdu), end))
				r, took := discover(t, d, scene.Portal(n, scene.Where, target))
				if scene.Judge(t, r.Err, tt.want); took != 0 {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}
