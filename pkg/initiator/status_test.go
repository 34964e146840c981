package initiator_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestStatus: what each status of a login means, in the reference API's numbers;
// whether a later try may help; and that none is made by itself.
func TestStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status pdu.Status
		code   uint32
		retry  bool
		text   string
	}{
		{status: 0x0101, code: isdsc.TargetMovedTemporarily, text: "target moved temporarily"},
		{status: 0x0102, code: isdsc.TargetMovedPermanently, text: "target moved permanently"},
		{status: 0x0103, code: isdsc.TargetMovedTemporarily, text: "unknown redirection"},
		{status: 0x0200, code: isdsc.InitiatorError, text: "initiator error"},
		{status: 0x0201, code: isdsc.AuthenticationFailure, text: "give a CHAP name and secret"},
		{status: 0x0202, code: isdsc.AuthorizationFailure, text: "does not serve initiator " + scene.InitiatorName},
		{status: 0x0203, code: isdsc.NotFound, text: "not found"},
		{status: 0x0204, code: isdsc.TargetRemoved, text: "target removed"},
		{status: 0x0205, code: isdsc.UnsupportedVersion, text: "unsupported version"},
		{status: 0x0206, code: isdsc.TooManyConnections, text: "too many connections"},
		{status: 0x0207, code: isdsc.MissingParameter, text: "missing parameter"},
		{status: 0x0208, code: isdsc.CantIncludeInSession, text: "cannot include in session"},
		{status: 0x0209, code: isdsc.SessionTypeNotSupported, text: "session type not supported"},
		{status: 0x020a, code: isdsc.InvalidSessionID, text: "session does not exist"},
		{status: 0x020b, code: isdsc.InitiatorError, text: "invalid during login"},
		{status: 0x02ff, code: isdsc.InitiatorError, text: "unknown initiator error"},
		{status: 0x0300, code: isdsc.TargetError, retry: true, text: "try again later"},
		{status: 0x0301, code: isdsc.ServiceUnavailable, retry: true, text: "service unavailable"},
		{status: 0x0302, code: isdsc.OutOfResources, retry: true, text: "out of resources"},
		{status: 0x03ff, code: isdsc.TargetError, retry: true, text: "unknown target error"},
		{status: 0x0400, code: isdsc.LoginFailed, text: "unknown status"},
		{status: 0xff00, code: isdsc.LoginFailed, text: "unknown status"},
		{status: 0x0001, code: isdsc.LoginFailed, text: "unknown status"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%04x", uint16(tt.status)), func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, _ := discover(t, d, scene.Portal(n, scene.Where, &iscsitest.Target{Status: tt.status}))
				scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageLogin, Code: tt.code, Retry: tt.retry, Text: tt.text})
				if dials := n.Dials(); len(dials) != 1 {
					t.Errorf("dials %v", dials)
				}
			})
		})
	}
}

// TestEnd: after a list there is a Logout, whose answer does not matter; after a
// failure there is none.
func TestEnd(t *testing.T) {
	t.Parallel()
	list := scene.Pairs("TargetName=iqn.2026-11.com.example:a")
	odd := func(step iscsitest.Step) *iscsitest.Target {
		target := scene.Answers(list)
		text := target.Respond
		target.Respond = func(request, response pdu.PDU) iscsitest.Step {
			if _, ok := response.(*pdu.LogoutResponse); ok {
				return iscsitest.UntilGone(iscsitest.Steps(step, iscsitest.Silence()))
			}
			return text(request, response)
		}
		return target
	}
	tests := []struct {
		name   string
		target *iscsitest.Target
		want   scene.Outcome
		last   pdu.Opcode
	}{
		{name: "list", target: scene.Answers(list), last: pdu.OpLogoutRequest},
		{name: "bad list", target: scene.Answers("rubbish\x00"), want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText}, last: pdu.OpTextRequest},
		{name: "logout failed", target: odd(iscsitest.Send(&pdu.LogoutResponse{Response: pdu.LogoutCleanupFailed})), last: pdu.OpLogoutRequest},
		{name: "logout rejected", target: odd(iscsitest.Send(&pdu.Reject{Reason: pdu.RejectProtocolError})), last: pdu.OpLogoutRequest},
		{name: "logout of another tag", target: odd(iscsitest.Send(&pdu.LogoutResponse{}, func(m *pdu.LogoutResponse) { m.ITT++ })), last: pdu.OpLogoutRequest},
		{name: "garbage", target: odd(iscsitest.SendRaw([]byte(strings.Repeat("\xff", 48)))), last: pdu.OpLogoutRequest},
		{name: "more of the list", target: odd(iscsitest.Send(&pdu.TextResponse{Final: true})), last: pdu.OpLogoutRequest},
		{name: "a ping", target: odd(iscsitest.Send(&pdu.NOPIn{TTT: 1})), last: pdu.OpLogoutRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, _ := discover(t, d, scene.Portal(n, scene.Where, tt.target))
				scene.Judge(t, r.Err, tt.want)
				requests := n.Sessions(netip.MustParseAddrPort(scene.Where))[0].Requests
				if got := requests[len(requests)-1].Opcode(); got != tt.last {
					t.Errorf("the last request is a %s, want a %s", got, tt.last)
				}
			})
		})
	}
}
