package session_test

import (
	"bytes"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// FuzzSession lets a target say anything at any state of a session. We must not
// panic, must keep every rule of the protocol ourselves, must not wait for more
// than we were sent, and must not log in without the authentication that was
// asked for.
//
// Each act of the script is a byte that says which, one of flags, one of how many
// bytes of data follow, and those. Act 0 is what an honest target does.
func FuzzSession(f *testing.F) {
	honest := bytes.Repeat([]byte{0, 0, 0}, 12)
	for mode := range byte(36) {
		f.Add(mode, honest)
		f.Add(mode, append(honest[:9:9], 2, 0xff, 4, 1, 2, 3, 4, 0, 0, 0))
	}
	list := "TargetName=a\x00TargetAddress=b\x00"
	f.Add(byte(0), append([]byte{0, 0, 0, 2, 0x40, byte(len(list))}, list+"\x00\x00\x00\x00\x00\x00"...))
	f.Add(byte(0), []byte("\x00\x00\x00\x03\x01\x00\x04\x00\x00\x05\x00\x00\x00\x00\x00"))
	f.Add(byte(0), []byte("\x01\x40\x09HeaderDig\x01\x00\x06est=a\x00"))
	f.Add(byte(4), []byte("\x00\x00\x00\x01\x80\x08CHAP_A=5"))
	f.Add(byte(27), []byte("\x01\x00\x10AuthMethod=None\x00\x00\x00\x00\x01\x80\x0eCHAP_R=Reject\x00"))
	f.Add(byte(27), []byte("\x01\x00\x10AuthMethod=CHAP\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, mode byte, script []byte) {
		if len(script) > 1<<16 {
			return
		}
		newPlay(t, mode).run(script)
	})
}

// A play is one session between us and a fuzzed target, under the eyes of an
// Auditor.
type play struct {
	t       *testing.T
	cfg     session.LoginConfig
	mutual  bool
	audit   iscsitest.Auditor
	numbers *session.Numbers
	login   *session.Login

	request pdu.PDU // the last one
	statSN  uint32
	pairs   int

	headerDigest, dataDigest bool // as we see it
}

func newPlay(t *testing.T, mode byte) *play {
	p := &play{t: t, cfg: config(), numbers: startNumbers(), statSN: 0xfffffffe}
	p.cfg.HeaderDigest = session.DigestPreference(mode % 3)
	p.cfg.DataDigest = session.DigestPreference(mode / 3 % 3)
	if mode&0x40 != 0 {
		p.cfg.MaxConnections = session.Number{Specified: true, Value: 4}
		p.cfg.DefaultTime2Wait = session.Number{Specified: true, Value: 2}
		p.cfg.DefaultTime2Retain = session.Number{Specified: true}
	}
	switch mode / 9 % 4 {
	case 1:
		p.cfg = withCHAP(p.cfg, oneWay())
	case 2:
		p.cfg, p.mutual = withCHAP(p.cfg, mutual()), true
	case 3:
		p.cfg = withCHAP(p.cfg, oneWay())
		p.cfg.OrNone = true
	}
	p.login = startLogin(p.numbers, p.cfg)
	return p
}

func (p *play) run(script []byte) {
	if !p.exchange(p.login, &script) {
		return
	}
	p.judgeLogin()
	list := startSendTargets(p.numbers, eachPair(func(pair pdu.Pair) error {
		p.pairs++
		if len(pair.Key) == 0 || bytes.IndexByte(pair.Value, 0) >= 0 {
			p.t.Errorf("pair %q=%q", pair.Key, pair.Value)
		}
		return nil
	}))
	if p.exchange(list, &script) {
		p.exchange(startLogout(p.numbers), &script)
	}
}

// exchange runs a machine as long as it goes well and the script has acts.
func (p *play) exchange(m session.Machine, script *[]byte) (done bool) {
	var in pdu.PDU
	for {
		out, done, err := m.Step(in)
		if err != nil {
			if out != nil || done || err.Error() == "" {
				p.t.Fatalf("with error %v: %v, done %t", err, out, done)
			}
			return false
		}
		if out != nil {
			p.sent(out)
		}
		if err := p.audit.Err(); err != nil {
			p.t.Fatal(err)
		}
		if done {
			return true
		}
		if in = p.act(script); in == nil {
			return false
		}
	}
}

// judgeLogin holds what was agreed on against what the Auditor has seen.
func (p *play) judgeLogin() {
	r := p.login.Result()
	p.headerDigest, p.dataDigest = r.HeaderDigest, r.DataDigest
	if h, d := p.audit.Digests(); h != r.HeaderDigest || d != r.DataDigest {
		p.t.Errorf("digests %t, %t; the Auditor has %t, %t", r.HeaderDigest, r.DataDigest, h, d)
	}
	if r.MaxRecvDataSegmentLength < 512 || r.MaxRecvDataSegmentLength > pdu.MaxDataLen ||
		r.PortalGroupTag < -1 || r.PortalGroupTag > 65535 || r.Rounds > 64 {
		p.t.Errorf("result %+v", r)
	}
	if p.cfg.HeaderDigest == session.DigestCRC32C && !r.HeaderDigest || p.cfg.DataDigest == session.DigestCRC32C && !r.DataDigest {
		p.t.Error("logged in without the digest that was demanded")
	}
	o := p.login.Outcome()
	switch {
	case p.cfg.Auth == nil || p.cfg.OrNone && o.Method == "None":
		if o != (auth.Outcome{Method: "None"}) {
			p.t.Errorf("logged in with %+v, want None", o)
		}
		return
	case o.Method != "CHAP" || p.login.AuthProgress() != session.AuthFinished:
		p.t.Errorf("logged in with %+v, at step %d", o, p.login.AuthProgress())
	}
	if o.Algorithm != auth.MD5 || o.Mutual != p.mutual {
		p.t.Errorf("logged in with %+v", o)
	}
}

// sent shows a request to the Auditor.
func (p *play) sent(out pdu.PDU) {
	switch m := out.(type) {
	case *pdu.LoginRequest:
		kept := *m
		kept.Data = bytes.Clone(m.Data)
		p.request = &kept
	case *pdu.TextRequest:
		p.request = new(*m)
	case *pdu.LogoutRequest:
		p.request = new(*m)
	}
	var b bytes.Buffer
	w := pdu.NewWriter(&b)
	w.HeaderDigest, w.DataDigest = p.headerDigest, p.dataDigest
	w.MaxData = p.login.Result().MaxRecvDataSegmentLength
	if err := w.WritePDU(out); err != nil {
		p.t.Fatal(err)
	}
	h, d := p.audit.Digests()
	frame, err := iscsitest.ReadFrame(&b, h, d)
	if err != nil {
		p.t.Fatal(err)
	}
	p.audit.Request(frame)
}

// act returns what the target does next; nil: the script is over, or the PDU is
// one that a Reader does not let through.
func (p *play) act(script *[]byte) pdu.PDU {
	s := *script
	if len(s) < 3 {
		return nil
	}
	kind, flags, n := s[0], s[1], min(int(s[2]), len(s)-3)
	data := s[3 : 3+n]
	*script = s[3+n:]
	m := p.response(kind, flags, data)
	if m == nil {
		return nil
	}
	b, err := m.AppendBinary(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	if kind%8 == 7 { // any header
		copy(b[:pdu.HeaderLen], data)
		b[4] = 0 // nothing in front of the data
		copy(b[5:8], []byte{0, 0, byte(len(data))})
		b = append(append(b[:pdu.HeaderLen], data...), make([]byte, -len(data)&3)...)
	}
	r := pdu.NewReader(bytes.NewReader(b))
	r.MaxData = pdu.MaxDataLen
	in, err := r.ReadPDU()
	if err != nil {
		return nil
	}
	if frame, err := iscsitest.ReadFrame(bytes.NewReader(b), false, false); err == nil {
		p.audit.Response(frame)
	}
	return in
}

// response makes the PDU of an act. Bit 7 of the flags is F or T, bit 6 C, bits
// 5 and 4 say which number is wrong, and the rest are stages or the like.
func (p *play) response(kind, flags byte, data []byte) pdu.PDU {
	var itt uint32
	switch m := p.request.(type) {
	case *pdu.LoginRequest:
		itt = m.ITT
	case *pdu.TextRequest:
		itt = m.ITT
	case *pdu.LogoutRequest:
		itt = m.ITT
	}
	statSN := p.statSN
	switch flags & 0x30 {
	case 0x10:
		itt ^= 1
	case 0x20:
		statSN += 2
	case 0x30:
		statSN--
	}
	p.statSN = statSN + 1
	low := flags & 0x0f
	switch kind % 8 {
	case 0:
		return p.honest(itt, statSN)
	case 1:
		return &pdu.LoginResponse{
			Transit: flags&0x80 != 0, Continue: flags&0x40 != 0, CSG: pdu.Stage(low >> 2), NSG: pdu.Stage(low & 3),
			ITT: itt, StatSN: statSN, Data: data, Status: pdu.Status(kind>>3) << 4,
		}
	case 2:
		return &pdu.TextResponse{
			Final: flags&0x80 != 0, Continue: flags&0x40 != 0, LUN: uint64(low), TTT: uint32(low) - 1,
			ITT: itt, StatSN: statSN, Data: data,
		}
	case 3:
		p.statSN--
		return &pdu.NOPIn{ITT: pdu.NoTag + uint32(flags>>7), TTT: uint32(low) - 1, LUN: uint64(low), StatSN: statSN, Data: data}
	case 4:
		return &pdu.AsyncMessage{Event: pdu.AsyncEvent(low), StatSN: statSN, Data: data}
	case 5:
		return &pdu.Reject{Reason: pdu.RejectReason(low), StatSN: statSN, Data: data}
	case 6:
		return &pdu.LogoutResponse{Response: pdu.LogoutOutcome(low & 3), ITT: itt, StatSN: statSN}
	}
	return &pdu.LoginResponse{}
}

// honest is what a target does that plays by the rules.
func (p *play) honest(itt, statSN uint32) pdu.PDU {
	switch m := p.request.(type) {
	case *pdu.TextRequest:
		return &pdu.TextResponse{Final: true, ITT: itt, TTT: pdu.NoTag, StatSN: statSN, Data: text("TargetName=iqn.2026-11.com.example:t")}
	case *pdu.LogoutRequest:
		return &pdu.LogoutResponse{ITT: itt, StatSN: statSN}
	case *pdu.LoginRequest:
		r := &pdu.LoginResponse{CSG: m.CSG, Transit: m.Transit, NSG: m.NSG, ITT: itt, StatSN: statSN}
		keys := values(p.t, m.Data)
		switch {
		case keys["CHAP_C"] != "":
			proves("0>1", targetSecret)(m, r)
		case keys["CHAP_A"] != "":
			r.Data = text(challenge()...)
		case keys["AuthMethod"] != "":
			r.Data = text("AuthMethod=CHAP")
			if keys["AuthMethod"] == "CHAP,None" {
				r.Data = text("AuthMethod=None")
			}
		case keys["HeaderDigest"] != "":
			digest := map[string]string{"None": "None", "CRC32C": "CRC32C", "CRC32C,None": "CRC32C"}
			r.Data = text("HeaderDigest="+digest[keys["HeaderDigest"]], "DataDigest="+digest[keys["DataDigest"]], "MaxRecvDataSegmentLength=512")
		}
		return r
	}
	return nil
}
