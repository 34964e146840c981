package session

import "github.com/go-iscsi/discovery/pkg/pdu"

// unsolicited deals with what a target may send at any time in full feature
// phase. Each exchange has its own.
type unsolicited struct {
	n      *Numbers
	nopOut pdu.NOPOut // the answer, reused
	count  int
	logout bool // the target asked us to log out: start nothing new
}

// handle takes a PDU that is not the response waited for, and returns the
// answer to it, nil for none.
func (u *unsolicited) handle(in pdu.PDU) (pdu.PDU, error) {
	if u.count++; u.count > maxUnsolicited {
		return nil, &pdu.LimitError{What: "unsolicited PDUs", Limit: maxUnsolicited}
	}
	switch m := in.(type) {
	case *pdu.NOPIn:
		return u.ping(m)
	case *pdu.AsyncMessage:
		return nil, u.async(m)
	case *pdu.Reject:
		if err := u.n.advance(m.Opcode(), m.StatSN); err != nil {
			return nil, err
		}
		return nil, &pdu.RejectError{Reason: m.Reason}
	}
	return nil, &pdu.ProtocolError{Opcode: in.Opcode(), Reason: "not what was asked for"}
}

// ping answers a NOP-In that wants an answer (RFC 7143, sections 11.18 and
// 11.19). With ITT NoTag it shows the next StatSN and does not use it up. We
// send no pings of our own, so one with another ITT answers nothing.
func (u *unsolicited) ping(m *pdu.NOPIn) (pdu.PDU, error) {
	if m.ITT != pdu.NoTag {
		return nil, &pdu.ProtocolError{Opcode: m.Opcode(), Reason: "it answers a ping that was not sent"}
	}
	if pdu.SerialLess(u.n.expStatSN, m.StatSN) {
		return nil, &pdu.ProtocolError{Opcode: m.Opcode(), Reason: "its StatSN lies ahead: a response was lost"}
	}
	if m.TTT == pdu.NoTag {
		return nil, nil
	}
	u.nopOut = pdu.NOPOut{
		Immediate: true,
		LUN:       m.LUN,
		ITT:       pdu.NoTag,
		TTT:       m.TTT,
		CmdSN:     u.n.cmdSN,
		ExpStatSN: u.n.expStatSN,
	}
	return &u.nopOut, nil
}

// async obeys an Async Message. A request for negotiation is met by the text
// request that is out; the other events that do not end the session are not
// for a discovery session.
func (u *unsolicited) async(m *pdu.AsyncMessage) error {
	if err := u.n.advance(m.Opcode(), m.StatSN); err != nil {
		return err
	}
	switch m.Event {
	case pdu.AsyncDropConnection, pdu.AsyncDropSession:
		return &pdu.AsyncError{Event: m.Event}
	case pdu.AsyncLogout:
		u.logout = true
	}
	return nil
}
