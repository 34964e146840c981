package session_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

const breaks = "Login Response breaks the protocol: "

// TestLoginStages: every way through the stages without authentication, and
// every way to leave it.
func TestLoginStages(t *testing.T) {
	t.Parallel()
	first := "1>3 " + operationalKeys
	tests := []struct {
		name    string
		replies []reply
		sent    []string // by us; nil: the first request alone
		waits   bool     // we wait for another response
		err     string
	}{
		{name: "at once", replies: []reply{says("1>3")}},
		{name: "later", replies: []reply{says("1"), says("1"), says("1>3")}, sent: []string{first, "1>3", "1>3"}},
		{name: "without an end", replies: []reply{says("1")}, sent: []string{first, "1>3"}, waits: true},
		{name: "in pieces", replies: []reply{says("1+"), says("1>3")}, sent: []string{first, "1>3"}},
		{name: "in pieces, and later", replies: []reply{says("1+"), says("1"), says("1>3")}, sent: []string{first, "1>3", "1>3"}},
		{name: "back to security", replies: []reply{says("0")}, err: breaks + "it is in SecurityNegotiation, we are in LoginOperationalNegotiation"},
		{name: "in security, and on", replies: []reply{says("0>1")}, err: breaks + "it is in SecurityNegotiation, we are in LoginOperationalNegotiation"},
		{name: "in full feature phase already", replies: []reply{says("3")}, err: breaks + "it is in FullFeaturePhase, we are in LoginOperationalNegotiation"},
		{name: "in the reserved stage", replies: []reply{says("2")}, err: breaks + "it is in stage 2, we are in LoginOperationalNegotiation"},
		{name: "on to the same stage", replies: []reply{says("1>1")}, err: breaks + "it goes on to LoginOperationalNegotiation, which we did not ask for"},
		{name: "on to the stage before", replies: []reply{says("1>0")}, err: breaks + "it goes on to SecurityNegotiation, which we did not ask for"},
		{name: "on to the reserved stage", replies: []reply{says("1>2")}, err: breaks + "it goes on to stage 2, which we did not ask for"},
		{name: "T and C together", replies: []reply{says("1>3+")}, err: breaks + "T and C together"},
		{name: "T and C together later", replies: []reply{says("1+"), says("1>3+")}, sent: []string{first, "1>3"}, err: breaks + "T and C together"},
		{name: "a stage back later", replies: []reply{says("1"), says("0")}, sent: []string{first, "1>3"}, err: breaks + "it is in SecurityNegotiation, we are in LoginOperationalNegotiation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := logIn(t, config(), tt.replies...)
			judge(t, l.err, tt.err)
			if want := tt.err == "" && !tt.waits; l.done != want {
				t.Errorf("done %t, want %t", l.done, want)
			}
			want := tt.sent
			if want == nil {
				want = []string{first}
			}
			if diff := cmp.Diff(want, l.sent); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLoginHeader: what a response may have in its header.
func TestLoginHeader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(m *pdu.LoginResponse)
		err    string
	}{
		{name: "another tag", change: func(m *pdu.LoginResponse) { m.ITT++ }, err: breaks + "its task tag is not ours"},
		{name: "no tag", change: func(m *pdu.LoginResponse) { m.ITT = pdu.NoTag }, err: breaks + "its task tag is not ours"},
		{name: "version 1", change: func(m *pdu.LoginResponse) { m.VersionActive = 1 }, err: breaks + "it speaks another version"},
		{name: "version 255", change: func(m *pdu.LoginResponse) { m.VersionMax, m.VersionActive = 255, 255 }, err: breaks + "it speaks another version"},
		{name: "a newer version known", change: func(m *pdu.LoginResponse) { m.VersionMax = 2 }},
		{name: "another ISID", change: func(m *pdu.LoginResponse) { m.ISID = pdu.ISID{} }},
		{name: "a command window of nothing", change: func(m *pdu.LoginResponse) { m.ExpCmdSN, m.MaxCmdSN = 5, 1 }},
		{name: "no TSIH", change: func(m *pdu.LoginResponse) { m.TSIH = 0 }},
		{name: "StatSN at its end", change: func(m *pdu.LoginResponse) { m.StatSN = 0xffffffff }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := logIn(t, config(), but(says("1>3"), tt.change))
			judge(t, l.err, tt.err)
			if l.done != (tt.err == "") {
				t.Errorf("done %t", l.done)
			}
		})
	}
}

// TestLoginOtherPDU: before full feature phase nothing but Login Responses may
// come.
func TestLoginOtherPDU(t *testing.T) {
	t.Parallel()
	for _, in := range []pdu.PDU{
		&pdu.NOPIn{ITT: pdu.NoTag, TTT: pdu.NoTag}, &pdu.NOPIn{ITT: pdu.NoTag, TTT: 1}, &pdu.TextResponse{Final: true, ITT: 1},
		&pdu.LogoutResponse{ITT: 1}, &pdu.AsyncMessage{}, &pdu.Reject{Reason: pdu.RejectProtocolError},
		&pdu.LoginRequest{}, &pdu.TextRequest{}, &pdu.LogoutRequest{}, &pdu.NOPOut{},
	} {
		for _, after := range [][]reply{nil, {says("1")}, {says("1+")}} {
			t.Run(fmt.Sprintf("%s after %d", in.Opcode(), len(after)), func(t *testing.T) {
				m := newLogin(t, config(), after...)
				_, done, err := m.Step(in)
				if done {
					t.Error("done")
				}
				judge(t, err, in.Opcode().String()+" breaks the protocol: it came during login")
			})
		}
	}
}

// TestLoginNumbers: what does not change from request to request, and what does.
func TestLoginNumbers(t *testing.T) {
	t.Parallel()
	cfg := config()
	early := func(m *pdu.LoginResponse) { m.TSIH = 9 } // no handle yet
	l := logIn(t, cfg, but(says("1"), early), but(says("1"), func(m *pdu.LoginResponse) { m.StatSN = 0xffffffff }), says("1+"),
		but(says("1>3"), func(m *pdu.LoginResponse) { m.TSIH = 7 }))
	if !l.done || l.result.TSIH != 7 || l.result.Rounds != 4 {
		t.Fatalf("done %t, result %+v, error %v", l.done, l.result, l.err)
	}
	want := pdu.LoginRequest{
		Transit: true, CSG: pdu.LoginOperationalNegotiation, NSG: pdu.FullFeaturePhase,
		ISID: cfg.ISID, ITT: 1, CmdSN: 1,
	}
	for i, expStatSN := range []uint32{0, 101, 0, 103} {
		want.ExpStatSN = expStatSN
		if diff := cmp.Diff(want, l.raw[i]); diff != "" {
			t.Errorf("request %d (-want +got):\n%s", i, diff)
		}
	}
}

// TestLoginTSIH: only the last response tells the handle.
func TestLoginTSIH(t *testing.T) {
	t.Parallel()
	tsih := func(n uint16) func(*pdu.LoginResponse) { return func(m *pdu.LoginResponse) { m.TSIH = n } }
	l := logIn(t, config(), but(says("1"), tsih(9)), but(says("1>3"), tsih(0)))
	if !l.done || l.result.TSIH != 0 {
		t.Errorf("done %t, TSIH %d", l.done, l.result.TSIH)
	}
}

// TestLoginRounds: a target that never comes to an end does.
func TestLoginRounds(t *testing.T) {
	t.Parallel()
	const most = 64
	for name, r := range map[string]reply{
		"T never":       says("1"),
		"C for ever":    says("1+"),
		"a key a round": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var replies []reply
			for i := range 2 * most {
				if replies = append(replies, r); r == nil {
					replies[i] = says("1", fmt.Sprintf("X-key%d=1", i))
				}
			}
			l := logIn(t, config(), replies...)
			judge(t, l.err, "the target sent more than 64 login responses")
			if len(l.sent) != most {
				t.Errorf("%d requests, want %d", len(l.sent), most)
			}
		})
	}
	var replies []reply
	for range most - 1 {
		replies = append(replies, says("1"))
	}
	if l := logIn(t, config(), append(replies, says("1>3"))...); !l.done || l.result.Rounds != most {
		t.Errorf("the last round: done %t after %d, error %v", l.done, l.result.Rounds, l.err)
	}
}
