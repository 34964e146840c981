package session_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestLogout: one request, and what may come back.
func TestLogout(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   []pdu.PDU
		done bool
		err  string
	}{
		{name: "closed", in: []pdu.PDU{&pdu.LogoutResponse{ITT: 2}}, done: true},
		{name: "with times", in: []pdu.PDU{&pdu.LogoutResponse{ITT: 2, StatSN: 77, Time2Wait: 9, Time2Retain: 9}}, done: true},
		{name: "not found", in: []pdu.PDU{&pdu.LogoutResponse{ITT: 2, Response: 1}}, err: "Logout Response breaks the protocol: CID not found"},
		{name: "not supported", in: []pdu.PDU{&pdu.LogoutResponse{ITT: 2, Response: 2}}, err: "Logout Response breaks the protocol: connection recovery not supported"},
		{name: "failed", in: []pdu.PDU{&pdu.LogoutResponse{ITT: 2, Response: 3}}, err: "Logout Response breaks the protocol: cleanup failed"},
		{name: "another tag", in: []pdu.PDU{&pdu.LogoutResponse{ITT: 1}}, err: "Logout Response breaks the protocol: its task tag is not ours"},
		{name: "rejected", in: []pdu.PDU{&pdu.Reject{Reason: pdu.RejectProtocolError}}, err: "target rejected our request: protocol error (0x04)"},
		{name: "a late list", in: []pdu.PDU{&pdu.TextResponse{ITT: 1}}, err: "Text Response breaks the protocol: not what was asked for"},
		{name: "behind a ping and an event", in: []pdu.PDU{
			&pdu.NOPIn{ITT: pdu.NoTag, TTT: 1}, &pdu.AsyncMessage{Event: pdu.AsyncDropSession}, &pdu.LogoutResponse{ITT: 2},
		}, done: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := startNumbers()
			login := startLogin(n, config())
			step(t, login, nil)
			step(t, login, &pdu.LoginResponse{ITT: 1, StatSN: 100, CSG: 1, NSG: 3, Transit: true})
			m := startLogout(n)
			want := &pdu.LogoutRequest{Immediate: true, Reason: pdu.LogoutSession, ITT: 2, CmdSN: 1, ExpStatSN: 101}
			if diff := cmp.Diff(want, step(t, m, nil)); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			var (
				done bool
				err  error
			)
			for _, in := range tt.in {
				var out pdu.PDU
				if out, done, err = m.Step(in); out != nil {
					t.Errorf("sent %v after the Logout Request", out)
				}
			}
			judge(t, err, tt.err)
			if done != tt.done {
				t.Errorf("done %t, want %t", done, tt.done)
			}
		})
	}
}

// TestLogoutFlood: what comes instead of an answer does not come for ever.
func TestLogoutFlood(t *testing.T) {
	t.Parallel()
	m := startLogout(startNumbers())
	step(t, m, nil)
	for range 1024 {
		step(t, m, &pdu.NOPIn{ITT: pdu.NoTag, TTT: 1})
	}
	_, _, err := m.Step(&pdu.AsyncMessage{})
	judge(t, err, "the target sent more than 1024 unsolicited PDUs")
}

// step is a Step that must succeed.
func step(t testing.TB, m session.Machine, in pdu.PDU) pdu.PDU {
	t.Helper()
	out, _, err := m.Step(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
