package session_test

import (
	"errors"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestSendTargetsStatSN: numbers go on by one, wrap, and may not jump ahead.
func TestSendTargetsStatSN(t *testing.T) {
	t.Parallel()
	const lost = ": its StatSN lies ahead: a response was lost"
	ahead := func(n uint32) func(*pdu.TextResponse) { return func(m *pdu.TextResponse) { m.StatSN += n } }
	tests := []struct {
		name string
		in   []pdu.PDU
		err  string
	}{
		{name: "a jump", in: []pdu.PDU{partBut(true, "", ahead(1))}, err: "Text Response breaks the protocol" + lost},
		{name: "a far jump", in: []pdu.PDU{partBut(true, "", ahead(1<<31-1))}, err: "Text Response breaks the protocol" + lost},
		{name: "the number before", in: []pdu.PDU{partBut(true, "", ahead(0xffffffff))}},
		{name: "half the circle", in: []pdu.PDU{partBut(true, "", ahead(1<<31))}},
		{name: "a jump later", in: []pdu.PDU{part(false, "a=b\x00"), partBut(true, "", ahead(1))}, err: "Text Response breaks the protocol" + lost},
		{name: "a jump of an Async Message", in: []pdu.PDU{&pdu.AsyncMessage{StatSN: 1}}, err: "Async Message breaks the protocol" + lost},
		{name: "a jump of a Reject", in: []pdu.PDU{&pdu.Reject{StatSN: 1}}, err: "Reject breaks the protocol" + lost},
		{name: "a jump of a NOP-In", in: []pdu.PDU{&pdu.NOPIn{StatSN: 1, ITT: pdu.NoTag, TTT: pdu.NoTag}}, err: "NOP-In breaks the protocol" + lost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, got := newSendTargets(t)
			l := ask(t, m, got, tt.in...)
			judge(t, l.err, tt.err)
			if l.done != (tt.err == "") {
				t.Errorf("done %t", l.done)
			}
		})
	}
}

// TestSendTargetsStatSNWraps: after 0xffffffff comes 0.
func TestSendTargetsStatSNWraps(t *testing.T) {
	t.Parallel()
	n := startNumbers()
	login := startLogin(n, config())
	if _, _, err := login.Step(nil); err != nil {
		t.Fatal(err)
	}
	if _, done, err := login.Step(&pdu.LoginResponse{ITT: 1, StatSN: 0xfffffffd, CSG: 1, NSG: 3, Transit: true}); !done {
		t.Fatal(err)
	}
	m := startSendTargets(n, func(pdu.Text) error { return nil })
	out, _, err := m.Step(nil)
	for i, statSN := range []uint32{0xfffffffe, 0xffffffff, 0, 1} {
		if got := out.(*pdu.TextRequest).ExpStatSN; err != nil || got != statSN {
			t.Fatalf("request %d: ExpStatSN %#x, want %#x, error %v", i, got, statSN, err)
		}
		out, _, err = m.Step(&pdu.TextResponse{ITT: 2, TTT: 1, StatSN: statSN, Data: text("a=b")})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSendTargetsLimits: no answer goes on for ever.
func TestSendTargetsLimits(t *testing.T) {
	t.Parallel()
	t.Run("text", func(t *testing.T) {
		t.Parallel()
		for most, want := range map[int64]string{16: "", 15: "the target sent more than 15 bytes of text"} {
			m, got := newSendTargets(t)
			m.MaxText = most
			l := ask(t, m, got, part(false, "abcdef=\x00"), part(true, "ghijkl=\x00"))
			judge(t, l.err, want)
			if want != "" && l.pairs != "abcdef=\n" {
				t.Errorf("pairs %q", l.pairs)
			}
		}
	})
	t.Run("empty parts", func(t *testing.T) {
		t.Parallel()
		m, got := newSendTargets(t)
		var in []pdu.PDU
		for range 4 { // eight are borne, again and again
			for range 8 {
				in = append(in, part(false, ""))
			}
			in = append(in, part(false, "a=b\x00"))
		}
		if l := ask(t, m, got, append(in, part(true, ""))...); !l.done {
			t.Error(l.err)
		}
		m, got = newSendTargets(t)
		l := ask(t, m, got, append(in[:8:8], part(false, ""), part(true, ""))...)
		judge(t, l.err, "the target sent more than 8 empty text responses in a row")
	})
	t.Run("parts", func(t *testing.T) {
		t.Parallel()
		m, _ := newSendTargets(t)
		out, _, err := m.Step(nil)
		response := &pdu.TextResponse{ITT: 2, TTT: 1, StatSN: 101, Data: pdu.Text{0}}
		n := 0
		for ; err == nil && n < 1<<22; n++ {
			if out == nil {
				t.Fatal("no request")
			}
			out, _, err = m.Step(response)
			response.StatSN++
		}
		judge(t, err, "the target sent more than 2097152 text responses")
		if n != 1<<21+1 {
			t.Errorf("after %d", n)
		}
	})
}

// TestSendTargetsYield: an error of the function that takes the pairs ends the exchange at
// once.
func TestSendTargetsYield(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	n := startNumbers()
	calls := 0
	m := startSendTargets(n, eachPair(func(pdu.Pair) error {
		if calls++; calls == 2 {
			return enough
		}
		return nil
	}))
	if _, _, err := m.Step(nil); err != nil {
		t.Fatal(err)
	}
	out, done, err := m.Step(&pdu.TextResponse{ITT: 1, Final: true, Data: text("a=1", "b=2", "c=3")})
	if out != nil || done || err != enough || calls != 2 {
		t.Errorf("got %v, done %t, error %v, after %d pairs", out, done, err, calls)
	}
}
