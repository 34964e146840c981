package iscsitest

import "github.com/go-iscsi/discovery/pkg/pdu"

// textAudit is what the Auditor remembers of the text exchange under way.
type textAudit struct {
	open     bool // the target wants another request
	itt, ttt uint32
	lun      uint64
}

func (a *Auditor) textRequest(m *pdu.TextRequest) {
	h := a.now.Header
	t := &a.text
	a.zero("bits 5-0 of byte 1", h[1]&0x3f)
	a.want(m.Final, "F is 0")
	a.want(!m.Continue, "C is 1")
	a.answeredPings()
	if t.open {
		a.equal("ITT", m.ITT, t.itt)
		a.equal("TTT", m.TTT, t.ttt)
		a.want(m.LUN == t.lun, "LUN %#x, want %#x (section 11.10.4)", m.LUN, t.lun)
		a.want(len(m.Data) == 0, "text in a request that asks for more (section 6.2)")
		return
	}
	a.freshTag(m.ITT)
	t.itt = m.ITT
	a.equal("TTT", m.TTT, pdu.NoTag)
	a.want(m.LUN == 0, "LUN %#x, want 0", m.LUN)
	a.sendTargets(m.Data)
}

// sendTargets checks the text of a new exchange: SendTargets and nothing else,
// or nothing where the target asked for a negotiation.
func (a *Auditor) sendTargets(t pdu.Text) {
	n := 0
	for p, err := range t.Pairs() {
		if err != nil {
			a.breach("%w", err)
			return
		}
		n++
		a.want(string(p.Key) == pdu.KeySendTargets, "key %s", p.Key)
		a.want(len(p.Value) > 0, "SendTargets without a value, which is for normal sessions (appendix C)")
	}
	a.want(n == 1 || n == 0 && a.mayAsk, "%d keys, want SendTargets alone", n)
}

func (a *Auditor) textResponse(m *pdu.TextResponse) {
	t := &a.text
	t.open, t.ttt, t.lun = !m.Final, m.TTT, m.LUN
}

func (a *Auditor) logoutRequest(m *pdu.LogoutRequest) {
	h := a.now.Header
	a.equal("byte 1 (F, reason)", uint32(h[1]), 0x80)
	a.zero("bytes 8-15", h[8:16]...)
	a.zero("CID and bytes 22-23", h[20:24]...)
	a.want(len(a.now.Data) == 0, "a Logout Request with data")
	a.freshTag(m.ITT)
	a.answeredPings()
	a.phase = afterLogout
}

// nopOut checks the answer to a NOP-In; we never ask ourselves.
func (a *Auditor) nopOut(m *pdu.NOPOut) {
	a.equal("byte 1", uint32(a.now.Header[1]), 0x80)
	a.equal("ITT", m.ITT, pdu.NoTag)
	a.want(len(a.now.Data) == 0, "a NOP-Out with data")
	if len(a.pings) == 0 {
		a.breach("no NOP-In asked for it")
		return
	}
	p := a.pings[0]
	a.pings = a.pings[1:]
	a.equal("TTT", m.TTT, p.ttt)
	a.want(m.LUN == p.lun, "LUN %#x, want %#x (section 11.18)", m.LUN, p.lun)
}

// answeredPings checks that no NOP-In was passed over.
func (a *Auditor) answeredPings() {
	for len(a.pings) > 0 && a.pings[0].due {
		a.breach("the NOP-In with TTT 0x%08x was not answered", a.pings[0].ttt)
		a.pings = a.pings[1:]
	}
}
