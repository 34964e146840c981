package session_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestNOPIn: one that wants an answer gets it, with its tag and LUN; the numbers
// stay where they are.
func TestNOPIn(t *testing.T) {
	t.Parallel()
	ping := func(ttt uint32, lun uint64) *pdu.NOPIn {
		return &pdu.NOPIn{ITT: pdu.NoTag, TTT: ttt, LUN: lun, Data: []byte("ping")}
	}
	pong := func(ttt uint32, lun uint64, expStatSN uint32) *pdu.NOPOut {
		return &pdu.NOPOut{Immediate: true, ITT: pdu.NoTag, TTT: ttt, LUN: lun, CmdSN: 1, ExpStatSN: expStatSN}
	}
	m, got := newSendTargets(t)
	l := ask(t, m, got,
		ping(0, 7), ping(pdu.NoTag, 7), &pdu.AsyncMessage{Event: pdu.AsyncSCSI}, ping(0xfffffffe, 0),
		part(false, "a=b\x00"), ping(3, 1<<63), part(true, ""))
	if !l.done || l.pairs != "a=b\n" {
		t.Fatalf("done %t, pairs %q, error %v", l.done, l.pairs, l.err)
	}
	request := pdu.TextRequest{Immediate: true, Final: true, ITT: 2, TTT: pdu.NoTag, CmdSN: 1, ExpStatSN: 101, Data: text("SendTargets=All")}
	more := request
	more.TTT, more.ExpStatSN, more.Data = 1, 103, nil
	want := []pdu.PDU{&request, pong(0, 7, 101), pong(0xfffffffe, 0, 102), &more, pong(3, 1<<63, 103)}
	if diff := cmp.Diff(want, l.sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	// We send no pings, so none can be answered.
	m, got = newSendTargets(t)
	judge(t, ask(t, m, got, &pdu.NOPIn{ITT: 2, TTT: pdu.NoTag}).err, "NOP-In breaks the protocol: it answers a ping that was not sent")
}

// TestAsync: what each event means to a discovery session.
func TestAsync(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		event pdu.AsyncEvent
		err   string // at once
		later string // where the answer goes on behind it
	}{
		{name: "SCSI", event: pdu.AsyncSCSI},
		{name: "logout", event: pdu.AsyncLogout, later: "target ends the session: logout requested"},
		{name: "drop connection", event: pdu.AsyncDropConnection, err: "target ends the session: connection will be dropped"},
		{name: "drop session", event: pdu.AsyncDropSession, err: "target ends the session: session will be dropped"},
		{name: "negotiate", event: pdu.AsyncNegotiate},
		{name: "task termination", event: pdu.AsyncTaskTermination},
		{name: "reserved", event: 99},
		{name: "vendor", event: 248},
		{name: "vendor's last", event: 255},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, got := newSendTargets(t)
			l := ask(t, m, got, &pdu.AsyncMessage{Event: tt.event, Data: []byte("sense")}, part(true, "a=b\x00"))
			judge(t, l.err, tt.err)
			if l.done != (tt.err == "") || len(l.sent) != 1 {
				t.Errorf("done %t, sent %v", l.done, l.sent)
			}
			m, got = newSendTargets(t)
			l = ask(t, m, got, &pdu.AsyncMessage{Event: tt.event}, part(false, "a=b\x00"), part(true, ""))
			judge(t, l.err, tt.err+tt.later)
		})
	}
}

// TestReject: a rejected request ends the exchange.
func TestReject(t *testing.T) {
	t.Parallel()
	for reason := range pdu.RejectReason(16) {
		for _, before := range [][]pdu.PDU{nil, {part(false, "a=b\x00")}, {&pdu.NOPIn{ITT: pdu.NoTag, TTT: 1}}} {
			m, got := newSendTargets(t)
			l := ask(t, m, got, append(before, &pdu.Reject{Reason: reason, Data: make([]byte, 48)})...)
			if e := as[*pdu.RejectError](t, l.err); e.Reason != reason || l.done {
				t.Errorf("got %v, done %t", e, l.done)
			}
			judge(t, l.err, "target rejected our request: "+reason.String())
		}
	}
}

// TestUnsolicitedFlood: NOP-In and Async Messages do not come for ever.
func TestUnsolicitedFlood(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]func() pdu.PDU{
		"pings":          func() pdu.PDU { return &pdu.NOPIn{ITT: pdu.NoTag, TTT: 1} },
		"silent NOP-Ins": func() pdu.PDU { return &pdu.NOPIn{ITT: pdu.NoTag, TTT: pdu.NoTag} },
		"events":         func() pdu.PDU { return &pdu.AsyncMessage{Event: pdu.AsyncSCSI} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var flood []pdu.PDU
			for range 1024 {
				flood = append(flood, in())
			}
			m, got := newSendTargets(t)
			if l := ask(t, m, got, append(flood, part(true, "a=b\x00"))...); !l.done {
				t.Error(l.err)
			}
			flood = nil
			for i := range 1025 {
				if i == 500 { // parts between them do not help
					flood = append(flood, part(false, "a=b\x00"))
				}
				flood = append(flood, in())
			}
			m, got = newSendTargets(t)
			l := ask(t, m, got, flood...)
			judge(t, l.err, "the target sent more than 1024 unsolicited PDUs")
		})
	}
}
