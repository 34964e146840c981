package iscsitest

import (
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An Auditor watches both directions of one connection and remembers each rule
// that the initiator breaks: those of RFC 7143, and where the RFC leaves a
// choice the one that is ours (immediate requests, fresh task tags). It checks
// the raw header, reserved fields included. The zero value is ready to use.
//
// A response has to be shown before it is written, a request as it is read.
type Auditor struct {
	errs  []error
	count int // requests seen
	now   *Frame

	headerDigest, dataDigest bool // in force
	phase                    phase
	login                    loginAudit

	expStatSN   uint32 // after the last response
	answeredAt  uint32 // after the last response that answered a request
	cmdSN       uint32
	outstanding pdu.Opcode // the request that has no answer yet
	waiting     bool       // there is one
	maxData     int        // what the target takes in full feature phase
	tags        map[uint32]bool
	pings       []ping
	text        textAudit
	mayLogOut   bool // the target asked for a logout
	mayAsk      bool // the target asked for a negotiation
}

// A phase of a connection, seen from the initiator.
type phase int

const (
	inLogin phase = iota
	inFullFeature
	afterLogout // nothing may follow
	afterFailure
)

// A ping is a NOP-In that wants an answer.
type ping struct {
	ttt uint32
	lun uint64
	due bool // a response came after it
}

// Err returns every broken rule, nil if there is none.
func (a *Auditor) Err() error { return errors.Join(a.errs...) }

// Digests returns the digests in force, which the next frame is read with.
func (a *Auditor) Digests() (header, data bool) { return a.headerDigest, a.dataDigest }

// Response takes note of what the target sends.
func (a *Auditor) Response(f *Frame) {
	p, err := f.PDU()
	if err != nil {
		return
	}
	if statSN, ok := statusOf(f); ok {
		a.expect(statSN + 1)
	}
	switch m := p.(type) {
	case *pdu.LoginResponse:
		a.answered(pdu.OpLoginRequest)
		a.loginResponse(m)
	case *pdu.TextResponse:
		a.answered(pdu.OpTextRequest)
		a.textResponse(m)
	case *pdu.LogoutResponse:
		a.answered(pdu.OpLogoutRequest)
	case *pdu.Reject:
		a.answered(a.outstanding)
		a.text.open = false
	case *pdu.NOPIn:
		if m.TTT != pdu.NoTag {
			a.pings = append(a.pings, ping{ttt: m.TTT, lun: m.LUN})
		}
	case *pdu.AsyncMessage:
		a.mayLogOut = a.mayLogOut || m.Event == pdu.AsyncLogout
		a.mayAsk = a.mayAsk || m.Event == pdu.AsyncNegotiate
	}
}

// expect takes the StatSN that comes next. Login may begin anywhere; later a
// target that counts back changes nothing.
func (a *Auditor) expect(next uint32) {
	if a.phase == inLogin || pdu.SerialLess(a.expStatSN, next) {
		a.expStatSN = next
	}
}

func (a *Auditor) answered(op pdu.Opcode) {
	if a.waiting && a.outstanding == op { // what nobody asked for may still be on its way
		a.waiting = false
		a.answeredAt = a.expStatSN
	}
	for i := range a.pings {
		a.pings[i].due = true
	}
}

// Request judges what the initiator sends.
func (a *Auditor) Request(f *Frame) {
	a.count++
	a.now = f
	a.frame(f)
	switch a.phase {
	case afterLogout:
		a.breach("sent after the Logout Request (section 11.14)")
	case afterFailure:
		a.breach("sent after the login had failed (section 11.13.5)")
	}
	p, err := f.PDU()
	if err != nil {
		a.breach("%w", err)
		return
	}
	switch m := p.(type) {
	case *pdu.LoginRequest:
		a.want(a.phase != inFullFeature, "a login within the full feature phase")
		a.loginRequest(m)
	case *pdu.TextRequest:
		a.fullFeature()
		a.textRequest(m)
	case *pdu.LogoutRequest:
		a.fullFeature()
		a.logoutRequest(m)
	case *pdu.NOPOut:
		a.fullFeature()
		a.nopOut(m)
		return
	default:
		a.breach("no opcode of an initiator in a discovery session (section 4.3)")
		return
	}
	out := f.Header.Opcode()
	a.want(!a.waiting || out == pdu.OpLogoutRequest && a.mayLogOut, "a second request while a %s is outstanding", a.outstanding)
	a.outstanding, a.waiting = out, true
}

// frame checks what holds for every PDU.
func (a *Auditor) frame(f *Frame) {
	a.zero("bit 7 of byte 0", f.Header[0]&0x80)
	a.want(len(f.AHS) == 0, "%d bytes of additional headers", len(f.AHS))
	a.zero("padding", f.Padding...)
	a.want(len(f.HeaderDigest) > 0 == a.headerDigest, "header digest present: %t, agreed: %t", len(f.HeaderDigest) > 0, a.headerDigest)
	a.want(len(f.DataDigest) > 0 == (a.dataDigest && len(f.Data) > 0), "data digest present: %t, agreed: %t", len(f.DataDigest) > 0, a.dataDigest)
}

// fullFeature checks what holds for every request but Login.
func (a *Auditor) fullFeature() {
	h := a.now.Header
	a.want(a.phase != inLogin, "before the login is complete")
	a.equal("byte 0 (immediate, opcode)", uint32(h[0]), 0x40|uint32(h.Opcode()))
	a.equal("CmdSN", be32(h[24:]), a.cmdSN)
	a.statSN(be32(h[28:]))
	a.zero("bytes 2-3", h[2:4]...)
	a.zero("bytes 32-47", h[32:]...)
	a.want(len(a.now.Data) <= a.maxData, "%d bytes of data; the target takes %d", len(a.now.Data), a.maxData)
}

// statSN checks ExpStatSN. A target may send Async Messages at any time, so the
// number may lie between that after the last answer and that after all.
func (a *Auditor) statSN(got uint32) {
	a.want(pdu.SerialLessEq(a.answeredAt, got) && pdu.SerialLessEq(got, a.expStatSN),
		"ExpStatSN 0x%08x, want 0x%08x (section 11.12.9)", got, a.expStatSN)
}

// freshTag checks the tag of a new exchange.
func (a *Auditor) freshTag(itt uint32) {
	a.want(itt != pdu.NoTag, "ITT 0xffffffff")
	a.want(!a.tags[itt], "ITT 0x%08x was used before", itt)
	if a.tags == nil {
		a.tags = make(map[uint32]bool)
	}
	a.tags[itt] = true
}

// want remembers a breach unless ok.
func (a *Auditor) want(ok bool, format string, args ...any) {
	if !ok {
		a.breach(format, args...)
	}
}

func (a *Auditor) equal(what string, got, want uint32) {
	a.want(got == want, "%s is 0x%x, want 0x%x", what, got, want)
}

func (a *Auditor) zero(what string, b ...byte) {
	for _, c := range b {
		if c != 0 {
			a.breach("%s: % x, want zeros", what, b)
			return
		}
	}
}

func (a *Auditor) breach(format string, args ...any) {
	where := fmt.Sprintf("iscsitest: request %d, %s: ", a.count, a.now.Header.Opcode())
	a.errs = append(a.errs, fmt.Errorf(where+format, args...))
}

func be32(b []byte) uint32 {
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
