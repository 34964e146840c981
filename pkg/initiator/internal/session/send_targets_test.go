package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// part is a Text Response. Its numbers are filled in when it is sent.
func part(final bool, data string) *pdu.TextResponse {
	m := &pdu.TextResponse{Final: final, TTT: 1, Data: pdu.Text(data)}
	if final {
		m.TTT = pdu.NoTag
	}
	return m
}

func partBut(final bool, data string, change func(m *pdu.TextResponse)) *pdu.TextResponse {
	m := part(final, data)
	change(m)
	return m
}

// A listing is what came of a SendTargets.
type listing struct {
	sent  []pdu.PDU
	pairs string
	done  bool
	err   error
}

// ask runs a SendTargets on what a target sends, with StatSN from 101 on.
func ask(t testing.TB, m *session.SendTargets, got *strings.Builder, in ...pdu.PDU) (l listing) {
	t.Helper()
	statSN := uint32(101)
	var received pdu.PDU
	for i := 0; ; i++ {
		out, done, err := m.Step(received)
		switch out := out.(type) {
		case *pdu.TextRequest:
			l.sent = append(l.sent, new(*out))
		case *pdu.NOPOut:
			l.sent = append(l.sent, new(*out))
		}
		if l.done, l.err, l.pairs = done, err, got.String(); done || err != nil || i == len(in) {
			return l
		}
		received, statSN = numbered(in[i], statSN)
	}
}

// numbered returns a copy of p with the numbers that come next; what p has for
// StatSN is added to it.
func numbered(p pdu.PDU, statSN uint32) (_ pdu.PDU, next uint32) {
	switch p := p.(type) {
	case *pdu.TextResponse:
		m := *p
		if m.StatSN += statSN; m.ITT == 0 {
			m.ITT = 2
		}
		return &m, m.StatSN + 1
	case *pdu.AsyncMessage:
		m := *p
		m.StatSN += statSN
		return &m, m.StatSN + 1
	case *pdu.Reject:
		m := *p
		m.StatSN += statSN
		return &m, m.StatSN + 1
	case *pdu.NOPIn:
		m := *p
		m.StatSN += statSN
		return &m, statSN
	}
	return p, statSN
}

// newSendTargets returns a SendTargets after a login whose response had StatSN
// 100, and the pairs that it yields, one a line.
func newSendTargets(t testing.TB) (*session.SendTargets, *strings.Builder) {
	t.Helper()
	n := startNumbers()
	m := startLogin(n, config())
	if _, _, err := m.Step(nil); err != nil {
		t.Fatal(err)
	}
	response := &pdu.LoginResponse{ITT: 1, StatSN: 100, CSG: 1, NSG: 3, Transit: true}
	if _, done, err := m.Step(response); !done || err != nil {
		t.Fatal(done, err)
	}
	var got strings.Builder
	return startSendTargets(n, eachPair(func(p pdu.Pair) error {
		fmt.Fprintf(&got, "%s=%s\n", p.Key, p.Value)
		return nil
	})), &got
}

// TestSendTargets: every form of an answer that is right, and those that are
// not.
func TestSendTargets(t *testing.T) {
	t.Parallel()
	const text = "Text Response breaks the protocol: "
	malformed := func(pair, bad string) string {
		return text + "malformed list at " + pair + ": malformed text at byte " + bad
	}
	all := func(m *pdu.TextResponse) { m.Final, m.Continue = false, true }
	tests := []struct {
		name  string
		in    []pdu.PDU
		pairs string
		waits bool
		err   string
	}{
		{name: "nothing", in: []pdu.PDU{part(true, "")}},
		{name: "one part", in: []pdu.PDU{part(true, "TargetName=a\x00TargetAddress=b\x00")}, pairs: "TargetName=a\nTargetAddress=b\n"},
		{name: "a tag that means nothing", in: []pdu.PDU{partBut(true, "a=b\x00", func(m *pdu.TextResponse) { m.TTT = 7 })}, pairs: "a=b\n"},
		{name: "whole pairs", in: []pdu.PDU{part(false, "a=b\x00"), part(true, "c=d\x00")}, pairs: "a=b\nc=d\n"},
		{name: "cut with C", in: []pdu.PDU{partBut(false, "a=b", all), partBut(false, "\x00c", all), part(true, "=d\x00")}, pairs: "a=b\nc=d\n"},
		{name: "cut without C", in: []pdu.PDU{part(false, "a"), part(false, "=b\x00c="), part(true, "\x00")}, pairs: "a=b\nc=\n"},
		{name: "an empty part", in: []pdu.PDU{part(false, ""), part(true, "a=b\x00")}, pairs: "a=b\n"},
		{name: "an empty end", in: []pdu.PDU{part(false, "a=b\x00"), part(true, "")}, pairs: "a=b\n"},
		{name: "NULs", in: []pdu.PDU{part(true, "\x00\x00a=b\x00\x00\x00")}, pairs: "a=b\n"},
		{name: "a value with '='", in: []pdu.PDU{part(true, "a=b=c\x00")}, pairs: "a=b=c\n"},
		{name: "without an end", in: []pdu.PDU{part(false, "a=b\x00")}, pairs: "a=b\n", waits: true},

		{name: "F and C", in: []pdu.PDU{partBut(true, "", func(m *pdu.TextResponse) { m.Continue = true })}, err: text + "F and C together"},
		{name: "no tag to go on with", in: []pdu.PDU{partBut(false, "", func(m *pdu.TextResponse) { m.TTT = pdu.NoTag })}, err: text + "not final, and no tag to ask on with"},
		{name: "C without a tag", in: []pdu.PDU{partBut(false, "", func(m *pdu.TextResponse) { m.TTT, m.Continue = pdu.NoTag, true })}, err: text + "not final, and no tag to ask on with"},
		{name: "another task tag", in: []pdu.PDU{partBut(true, "", func(m *pdu.TextResponse) { m.ITT = 1 })}, err: text + "its task tag is not ours"},
		{name: "no task tag", in: []pdu.PDU{partBut(true, "", func(m *pdu.TextResponse) { m.ITT = pdu.NoTag })}, err: text + "its task tag is not ours"},
		{name: "another task tag later", in: []pdu.PDU{part(false, "a=b\x00"), partBut(true, "", func(m *pdu.TextResponse) { m.ITT = 1 })}, pairs: "a=b\n", err: text + "its task tag is not ours"},

		{name: "no '='", in: []pdu.PDU{part(true, "a=b\x00rubbish\x00c=d\x00")}, pairs: "a=b\n", err: malformed(`"rubbish\x00c=d\x00"`, "4: no '=' in a pair")},
		{name: "no '=', in a later part", in: []pdu.PDU{part(false, "a=b\x00c"), part(true, "=d\x00e=f\x00rubbish\x00")}, pairs: "a=b\nc=d\ne=f\n", err: malformed(`"rubbish\x00"`, "12: no '=' in a pair")},
		{name: "no key", in: []pdu.PDU{part(true, "=b\x00")}, err: malformed(`"=b\x00"`, "0: an empty key")},
		{name: "no NUL", in: []pdu.PDU{part(true, "a=b\x00c=d")}, pairs: "a=b\n", err: malformed(`"c=d"`, "4: the last pair has no NUL at its end")},
		{name: "no NUL, then nothing", in: []pdu.PDU{part(false, "a=b"), part(true, "")}, err: malformed(`"a=b"`, "0: the last pair has no NUL at its end")},
		{name: "control characters in a key", in: []pdu.PDU{part(true, "\x1b[2J=b\x00")}, err: malformed(`"\x1b[2J=b\x00"`, "0: a character in a key that no key may have")},
		{name: "a pair that does not end", in: []pdu.PDU{part(false, "a="+strings.Repeat("b", 8192)), part(false, strings.Repeat("b", 8192))}, err: malformed(`"a=`+strings.Repeat("b", 126)+`"…`, "0: a pair that does not end")},
		{name: "a pair of one part that does not end", in: []pdu.PDU{part(false, "a=b\x00a="+strings.Repeat("b", 8300))}, pairs: "a=b\n", err: malformed(`"a=`+strings.Repeat("b", 126)+`"…`, "4: a pair that does not end")},
		{name: "a value of more than 8192 bytes", in: []pdu.PDU{part(true, "a="+strings.Repeat("b", 8193)+"\x00")}, err: malformed(`"a=`+strings.Repeat("b", 126)+`"…`, "0: a value of more than 8192 bytes")},
		{name: "a value of 8192 bytes", in: []pdu.PDU{part(true, "a="+strings.Repeat("b", 8192)+"\x00")}, pairs: "a=" + strings.Repeat("b", 8192) + "\n"},

		{name: "a Login Response", in: []pdu.PDU{&pdu.LoginResponse{ITT: 1}}, err: "Login Response breaks the protocol: not what was asked for"},
		{name: "a Logout Response", in: []pdu.PDU{&pdu.LogoutResponse{ITT: 1}}, err: "Logout Response breaks the protocol: not what was asked for"},
		{name: "a request", in: []pdu.PDU{&pdu.TextRequest{ITT: 1}}, err: "Text Request breaks the protocol: not what was asked for"},
		{name: "a NOP-Out", in: []pdu.PDU{&pdu.NOPOut{}}, err: "NOP-Out breaks the protocol: not what was asked for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, got := newSendTargets(t)
			l := ask(t, m, got, tt.in...)
			judge(t, l.err, tt.err)
			if want := tt.err == "" && !tt.waits; l.done != want {
				t.Errorf("done %t, want %t", l.done, want)
			}
			if diff := cmp.Diff(tt.pairs, l.pairs); diff != "" {
				t.Errorf("pairs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSendTargetsRequests: what each request carries; tag and LUN of the target
// are copied, zero included.
func TestSendTargetsRequests(t *testing.T) {
	t.Parallel()
	tagged := func(ttt uint32, lun uint64) func(*pdu.TextResponse) {
		return func(m *pdu.TextResponse) { m.TTT, m.LUN = ttt, lun }
	}
	m, got := newSendTargets(t)
	l := ask(t, m, got, partBut(false, "a=b\x00", tagged(0, 1<<56)), partBut(false, "a=b\x00", tagged(0xfffffffe, 0)), part(true, ""))
	if !l.done {
		t.Fatal(l.err)
	}
	request := func(ttt uint32, lun uint64, expStatSN uint32, data pdu.Text) *pdu.TextRequest {
		return &pdu.TextRequest{Immediate: true, Final: true, ITT: 2, TTT: ttt, LUN: lun, CmdSN: 1, ExpStatSN: expStatSN, Data: data}
	}
	want := []pdu.PDU{
		request(pdu.NoTag, 0, 101, text("SendTargets=All")),
		request(0, 1<<56, 102, nil),
		request(0xfffffffe, 0, 103, nil),
	}
	if diff := cmp.Diff(want, l.sent); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// TestReceived: the text of whole responses counts, whatever came between them, and
// a new exchange begins at nothing.
func TestReceived(t *testing.T) {
	t.Parallel()
	m, got := newSendTargets(t)
	if n := m.Received(); n != 0 {
		t.Errorf("got %d bytes before the first", n)
	}
	l := ask(t, m, got, part(false, "TargetName=iqn.2026-01.test:a\x00"), &pdu.NOPIn{ITT: pdu.NoTag, TTT: 1}, part(false, ""), part(false, "TargetName=iqn.2026-01.t"))
	if l.err != nil {
		t.Fatal(l.err)
	}
	if n := m.Received(); n != 30+24 {
		t.Errorf("got %d bytes, want 54", n)
	}
	if m.Reset(startNumbers(), nil); m.Received() != 0 {
		t.Errorf("got %d bytes of a new exchange", m.Received())
	}
}
