package iscsitest_test

import (
	"net"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/pkg/pdu"
	. "github.com/go-iscsi/discovery/test/iscsitest"
)

// An initiator is the smallest one that can do a discovery. Tests make it
// misbehave one field at a time.
type initiator struct {
	t  *testing.T
	nc net.Conn
	r  *pdu.Reader
	w  *pdu.Writer

	next uint32 // ExpStatSN
	tag  uint32
}

func newInitiator(t *testing.T, nc net.Conn) *initiator {
	return &initiator{t: t, nc: nc, r: pdu.NewReader(nc), w: pdu.NewWriter(nc)}
}

const firstKeys = "InitiatorName=iqn.2026-01.test:i"

// login is the one request of a login without authentication.
func (i *initiator) login() *pdu.LoginRequest {
	i.tag++
	return &pdu.LoginRequest{
		Transit: true, CSG: pdu.LoginOperationalNegotiation, NSG: pdu.FullFeaturePhase,
		ISID: pdu.RandomISID([5]byte{1, 2, 3, 4, 5}), ITT: i.tag, CmdSN: 7,
		Data: Text(firstKeys, "SessionType=Discovery", "HeaderDigest=CRC32C,None",
			"DataDigest=CRC32C,None", "MaxRecvDataSegmentLength=262144"),
	}
}

func (i *initiator) sendTargets() *pdu.TextRequest {
	i.tag++
	return &pdu.TextRequest{
		Immediate: true, Final: true, ITT: i.tag, TTT: pdu.NoTag, CmdSN: 7, ExpStatSN: i.next,
		Data: Text("SendTargets=All"),
	}
}

func (i *initiator) logout() *pdu.LogoutRequest {
	i.tag++
	return &pdu.LogoutRequest{Immediate: true, ITT: i.tag, CmdSN: 7, ExpStatSN: i.next}
}

func (i *initiator) send(p pdu.PDU) {
	i.t.Helper()
	if err := i.w.WritePDU(p); err != nil {
		i.t.Fatalf("sending a %s: %v", p.Opcode(), err)
	}
}

func receive[P pdu.PDU](i *initiator) P {
	i.t.Helper()
	p, err := i.r.ReadPDU()
	if err != nil {
		i.t.Fatalf("receiving: %v", err)
	}
	switch m := p.(type) {
	case *pdu.LoginResponse:
		i.next = m.StatSN + 1
	case *pdu.TextResponse:
		i.next = m.StatSN + 1
	case *pdu.LogoutResponse:
		i.next = m.StatSN + 1
	}
	got, ok := p.(P)
	if !ok {
		i.t.Fatalf("got a %s, want a %T", p.Opcode(), got)
	}
	return got
}

// hearsNothing checks, in a synctest bubble, that the target is silent and does
// not close.
func (i *initiator) hearsNothing() {
	i.t.Helper()
	heard := false
	go func() {
		i.r.ReadPDU()
		heard = true
	}()
	synctest.Wait()
	if heard {
		i.t.Error("the target said something, or closed")
	}
}

// discover does a whole discovery and returns the text of the answer.
func (i *initiator) discover() string {
	i.t.Helper()
	i.send(i.login())
	r := receive[*pdu.LoginResponse](i)
	digests := values(i.t, r.Data)
	i.w.HeaderDigest, i.r.HeaderDigest = digests["HeaderDigest"] == "CRC32C", digests["HeaderDigest"] == "CRC32C"
	i.w.DataDigest, i.r.DataDigest = digests["DataDigest"] == "CRC32C", digests["DataDigest"] == "CRC32C"
	i.r.MaxData = 262144
	text := i.ask(i.sendTargets())
	i.send(i.logout())
	receive[*pdu.LogoutResponse](i)
	i.nc.Close()
	return text
}

// ask does one text exchange, and answers each NOP-In meanwhile.
func (i *initiator) ask(req *pdu.TextRequest) string {
	i.t.Helper()
	var text []byte
	for {
		i.send(req)
		p, err := i.r.ReadPDU()
		if nop, ok := p.(*pdu.NOPIn); ok && err == nil {
			i.send(&pdu.NOPOut{Immediate: true, LUN: nop.LUN, ITT: pdu.NoTag, TTT: nop.TTT, CmdSN: 7, ExpStatSN: i.next})
			p, err = i.r.ReadPDU()
		}
		r, ok := p.(*pdu.TextResponse)
		if err != nil || !ok {
			i.t.Fatalf("got %T, %v, want a Text Response", p, err)
		}
		i.next = r.StatSN + 1
		text = append(text, r.Data...)
		if r.Final {
			return string(text)
		}
		req = &pdu.TextRequest{Immediate: true, Final: true, LUN: r.LUN, ITT: req.ITT, TTT: r.TTT, CmdSN: 7, ExpStatSN: i.next}
	}
}

func values(t *testing.T, text pdu.Text) map[string]string {
	t.Helper()
	m := make(map[string]string)
	for p, err := range text.Pairs() {
		if err != nil {
			t.Fatal(err)
		}
		m[string(p.Key)] = string(p.Value)
	}
	return m
}
