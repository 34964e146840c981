package iscsitest

import (
	"strconv"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// loginAudit is what the Auditor remembers of the login.
type loginAudit struct {
	first    *pdu.LoginRequest
	stage    pdu.Stage // of the next request; counts once there is a response
	mayLeave bool      // the last request had T
	more     bool      // the last response had C
	text     pdu.Text  // of the initiator, until a request without C
	reply    pdu.Text  // of the target, likewise
	keys     map[string]bool
	asked    []string          // keys of the target that want an answer
	digests  map[string]string // what was said last
	agreed   map[string]bool   // both sides have spoken, and it is CRC32C
	auth     authAudit
}

func (a *Auditor) loginRequest(m *pdu.LoginRequest) {
	h := a.now.Header
	a.equal("byte 0 (immediate, opcode)", uint32(h[0]), 0x43)
	a.zero("bits 5-4 of byte 1", h[1]&0x30)
	a.zero("bytes 22-23", h[22:24]...)
	a.zero("bytes 32-47", h[32:]...)
	a.want(len(m.Data) <= pdu.DefaultMaxData, "%d bytes of data (section 6.3)", len(m.Data))
	a.zero("versions", m.VersionMax, m.VersionMin)
	a.equal("TSIH", uint32(m.TSIH), 0)

	a.want(!m.Transit || !m.Continue, "T and C together (section 11.12.2)")
	a.want(m.Transit || m.NSG == 0, "NSG %d without T (section 11.12.3)", m.NSG)
	a.want(m.CSG <= pdu.LoginOperationalNegotiation, "CSG %d", m.CSG)
	a.want(!m.Transit || m.NSG > m.CSG && m.NSG != 2, "from stage %d to %d", m.CSG, m.NSG)

	l := &a.login
	if l.first == nil {
		l.first = m
		a.cmdSN = m.CmdSN
		a.equal("ExpStatSN of the first request", m.ExpStatSN, 0)
		a.freshTag(m.ITT)
		a.isid(m.ISID)
	} else {
		a.statSN(m.ExpStatSN)
		a.equal("CmdSN", m.CmdSN, l.first.CmdSN)
		a.equal("ITT", m.ITT, l.first.ITT)
		a.equal("CID", uint32(m.CID), uint32(l.first.CID))
		a.want(m.ISID == l.first.ISID, "ISID %s, before %s", m.ISID, l.first.ISID)
		a.want(m.CSG == l.stage, "CSG %d, want %d (section 6.3)", m.CSG, l.stage)
	}
	a.want(!l.more || len(m.Data) == 0 && !m.Continue, "text in answer to C (section 6.2)")
	l.mayLeave = m.Transit
	l.text = append(l.text, m.Data...)
	if !m.Continue {
		a.loginText(m, l.text)
		l.text = nil
	}
}

// isid checks that the type is one that we may use, and its zero bits.
func (a *Auditor) isid(i pdu.ISID) {
	switch i[0] >> 6 {
	case 1, 2:
		a.zero("low bits of the ISID's first byte", i[0]&0x3f)
	case 3:
		a.breach("ISID %s is of the reserved type (section 11.12.5)", i)
	}
}

// loginText checks one logical segment of the initiator's text.
func (a *Auditor) loginText(m *pdu.LoginRequest, t pdu.Text) {
	l := &a.login
	here := make(map[string]string)
	beginning := l.keys == nil
	if beginning {
		l.keys = make(map[string]bool)
		l.digests = make(map[string]string)
		l.agreed = make(map[string]bool)
	}
	for p, err := range t.Pairs() {
		if err != nil {
			a.breach("%w", err)
			return
		}
		key, value := string(p.Key), string(p.Value)
		a.want(!l.keys[key], "%s for the second time (section 6.3)", key)
		l.keys[key] = true
		here[key] = value
		a.keyInStage(m.CSG, key)
		a.want(value != pdu.ValueNotUnderstood || !known(key), "%s=NotUnderstood for a standard key", key)
		switch key {
		case pdu.KeyHeaderDigest, pdu.KeyDataDigest:
			l.digest(key, value)
		case pdu.KeySessionType:
			a.want(value == "Discovery", "SessionType=%s", value)
		case pdu.KeyTargetName:
			a.breach("TargetName in a discovery session")
		}
	}
	a.want(!beginning || l.keys[pdu.KeyInitiatorName], "the first request has no InitiatorName (section 6.3)")
	a.want(!beginning || l.keys[pdu.KeySessionType], "the first request has no SessionType")
	for _, key := range l.asked {
		a.want(l.keys[key], "no answer to %s (section 6.2)", key)
	}
	l.asked = nil
	a.authRequest(m.CSG, m.Transit, l.more, here)
}

// digest takes note of an offer, or of the answer that follows and decides.
func (l *loginAudit) digest(key, value string) {
	if _, answer := l.digests[key]; answer {
		l.agreed[key] = value == "CRC32C"
	}
	l.digests[key] = value
}

func (a *Auditor) loginResponse(m *pdu.LoginResponse) {
	l := &a.login
	if m.Status != pdu.StatusSuccess {
		a.phase = afterFailure
		return
	}
	l.more = m.Continue
	l.reply = append(l.reply, m.Data...)
	if !m.Continue {
		a.loginReply(l.reply)
		l.reply = nil
	}
	l.stage = m.CSG
	if m.Transit && l.mayLeave {
		l.stage = m.NSG
		l.asked = nil // too late: the stage is over
	}
	if lastOfLogin(m) && l.mayLeave && a.phase == inLogin {
		a.phase = inFullFeature
		a.headerDigest = l.agreed[pdu.KeyHeaderDigest]
		a.dataDigest = l.agreed[pdu.KeyDataDigest]
	}
}

// loginReply takes note of one logical segment of the target's text. Where it
// is malformed the initiator has to close, which is the script's affair.
func (a *Auditor) loginReply(t pdu.Text) {
	l := &a.login
	if a.maxData == 0 {
		a.maxData = pdu.DefaultMaxData
	}
	for p, err := range t.Pairs() {
		if err != nil {
			return
		}
		key, value := string(p.Key), string(p.Value)
		l.auth.authReply(key, value)
		if !l.keys[key] && !declarative(key) {
			l.asked = append(l.asked, key)
		}
		switch key {
		case pdu.KeyHeaderDigest, pdu.KeyDataDigest:
			l.digest(key, value)
		case pdu.KeyMaxRecvDataSegmentLength:
			if n, err := strconv.ParseInt(value, 0, 32); err == nil {
				a.maxData = int(n)
			}
		}
	}
}
