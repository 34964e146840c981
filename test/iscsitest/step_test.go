package iscsitest_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
	. "github.com/go-iscsi/discovery/test/iscsitest"
)

var anyLogin = Expect(&pdu.LoginRequest{Transit: true, CSG: operational, NSG: full})

// received runs a script against an initiator that logs in, and returns all
// that it then hears until the target closes.
func received(t *testing.T, script Script) []byte {
	t.Helper()
	var heard []byte
	err := serve(t, script, func(i *initiator) {
		i.send(i.login())
		var err error
		if heard, err = io.ReadAll(i.nc); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	return heard
}

func TestSendFills(t *testing.T) {
	t.Parallel()
	login := &pdu.LoginRequest{}
	got := received(t, Script{
		Check(func(m *pdu.LoginRequest) error { login = m; return nil }),
		Send(&pdu.LoginResponse{Transit: true, CSG: operational, NSG: full}),
		Close(),
	})
	var m pdu.LoginResponse
	if err := m.Decode((*pdu.Header)(got), nil); err != nil {
		t.Fatal(err)
	}
	want := pdu.LoginResponse{
		Transit: true, CSG: operational, NSG: full, ISID: login.ISID, TSIH: 1, ITT: login.ITT,
		StatSN: 1, ExpCmdSN: login.CmdSN, MaxCmdSN: login.CmdSN,
	}
	m.Data = nil
	if m.ISID != want.ISID || m.ITT != want.ITT || m.TSIH != want.TSIH || m.StatSN != want.StatSN ||
		m.ExpCmdSN != want.ExpCmdSN || m.MaxCmdSN != want.MaxCmdSN {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
}

func TestSendChanges(t *testing.T) {
	t.Parallel()
	template := &pdu.LoginResponse{}
	got := received(t, Script{
		anyLogin,
		Send(template, func(m *pdu.LoginResponse) { m.ITT += 100 }, func(m *pdu.LoginResponse) { m.StatSN = 7 }),
		Close(),
	})
	var m pdu.LoginResponse
	if err := m.Decode((*pdu.Header)(got), nil); err != nil {
		t.Fatal(err)
	}
	if m.ITT != 101 || m.StatSN != 7 {
		t.Errorf("got ITT %d and StatSN %d, want 101 and 7", m.ITT, m.StatSN)
	}
	if template.ITT != 0 || template.StatSN != 0 {
		t.Errorf("the template was changed: %+v", template)
	}
}

// Each way to misbehave, as the initiator hears it.
func TestSteps(t *testing.T) {
	t.Parallel()
	refusal := &pdu.LoginResponse{Status: pdu.StatusNotFound}
	want := received(t, Script{anyLogin, Send(refusal), Close()})
	if len(want) != pdu.HeaderLen {
		t.Fatalf("got %d bytes, want a header", len(want))
	}
	tests := []struct {
		name string
		step Step
		want []byte
	}{
		{name: "Trickle", step: Trickle(refusal), want: want},
		{name: "Mutate", step: Mutate(refusal, func(b []byte) []byte { return b[:20] }), want: want[:20]},
		{name: "SendRaw", step: SendRaw([]byte("HTTP/1.1 400 Bad Request\r\n")), want: []byte("HTTP/1.1 400 Bad Request\r\n")},
		{name: "Steps", step: Steps(SendRaw([]byte("a")), SendRaw([]byte("b"))), want: []byte("ab")},
		{name: "Repeat", step: Repeat(3, SendRaw([]byte("a"))), want: []byte("aaa")},
		{name: "a step of the test's own", step: func(c *Conn) error { return c.Write([]byte("own")) }, want: []byte("own")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := received(t, Script{anyLogin, tt.step, Close()}); !bytes.Equal(got, tt.want) {
				t.Errorf("got  % x\nwant % x", got, tt.want)
			}
		})
	}
}

// Together counts StatSN on, and switches digests on, from PDU to PDU.
func TestTogether(t *testing.T) {
	t.Parallel()
	err := serve(t, Script{
		anyLogin,
		Together(
			&pdu.LoginResponse{Transit: true, CSG: operational, NSG: full, Data: Text("HeaderDigest=CRC32C")},
			&pdu.NOPIn{TTT: pdu.NoTag},
		),
	}, func(i *initiator) {
		i.send(i.login())
		r := receive[*pdu.LoginResponse](i)
		i.r.HeaderDigest = true
		if nop := receive[*pdu.NOPIn](i); nop.StatSN != r.StatSN+1 {
			t.Errorf("got StatSN %d after %d", nop.StatSN, r.StatSN)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	s := Listen(t, Script{anyLogin, Reset()})
	nc, err := net.Dial("tcp", s.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	i := newInitiator(t, nc)
	i.send(i.login())
	if _, err := i.r.ReadPDU(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("got %v, want a reset", err)
	}
}

// Silence lets time pass, and ends with the initiator.
func TestSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInitiator(t, Pipe(t, Script{anyLogin, Silence()}))
		i.send(i.login())
		i.hearsNothing()
	})
}

// Whoever goes on after what should have ended the conversation is found out.
func TestExpectClose(t *testing.T) {
	t.Parallel()
	target := &Target{Respond: func(_, response pdu.PDU) Step {
		return Steps(Send(response, func(p pdu.PDU) {
			if m, ok := p.(*pdu.LoginResponse); ok {
				m.ITT++
			}
		}), ExpectClose())
	}}
	if err := serve(t, target, func(i *initiator) {
		i.send(i.login())
		receive[*pdu.LoginResponse](i)
	}); err != nil {
		t.Errorf("closing: got %v", err)
	}
	err := serve(t, target, func(i *initiator) {
		i.send(i.login())
		receive[*pdu.LoginResponse](i)
		i.send(i.sendTargets())
	})
	if want := `was to close, but sent Text Request F=true C=false "SendTargets=All"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("going on: got %v, want %s", err, want)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInitiator(t, Pipe(t, Script{anyLogin, Delay(time.Hour), Close()}))
		start := time.Now()
		i.send(i.login())
		if _, err := i.r.ReadPDU(); err != io.EOF || time.Since(start) != time.Hour {
			t.Errorf("got %v after %s, want the end after an hour", err, time.Since(start))
		}
	})
}

// The Auditor listens during a silence too.
func TestSilenceIsAudited(t *testing.T) {
	t.Parallel()
	err := serve(t, Script{anyLogin, Silence()}, func(i *initiator) {
		i.send(i.login())
		i.send(i.logout())
	})
	if want := "before the login is complete"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What does not look like the digests that were agreed is noticed at once.
func TestDigestsAreChecked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		agreed       pdu.Text
		header, data bool
		want         string
	}{
		{name: "no header digest", agreed: Text("HeaderDigest=CRC32C"), want: "Text Request: header digest wrong or missing"},
		{name: "no data digest", agreed: Text("DataDigest=CRC32C"), want: "the stream ended within data"},
		{name: "uninvited header digest", header: true, want: "malformed text"},
		{name: "uninvited data digest", data: true, want: "the stream ended within a header"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := serve(t, Script{
				anyLogin,
				Send(&pdu.LoginResponse{Transit: true, CSG: operational, NSG: full, Data: tt.agreed}),
				Silence(),
			}, func(i *initiator) {
				i.send(i.login())
				receive[*pdu.LoginResponse](i)
				i.w.HeaderDigest, i.w.DataDigest = tt.header, tt.data
				i.w.WritePDU(i.sendTargets())
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
