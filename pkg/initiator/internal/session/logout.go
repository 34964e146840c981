package session

import "github.com/go-iscsi/discovery/pkg/pdu"

// A Logout closes a session (RFC 7143, section 11.14). By then the result is
// complete: whatever goes wrong here costs nothing.
type Logout struct {
	n       *Numbers
	request pdu.LogoutRequest
	count   int
}

// Reset makes l a new exchange.
func (l *Logout) Reset(n *Numbers) { *l = Logout{n: n} }

// Step implements Machine. After a Logout Request nothing more may be sent, so
// pings and the like go without an answer.
func (l *Logout) Step(in pdu.PDU) (out pdu.PDU, done bool, err error) {
	switch m := in.(type) {
	case nil:
		l.request = pdu.LogoutRequest{
			Immediate: true,
			Reason:    pdu.LogoutSession,
			ITT:       l.n.nextITT(),
			CmdSN:     l.n.cmdSN,
			ExpStatSN: l.n.expStatSN,
		}
		return &l.request, false, nil
	case *pdu.LogoutResponse:
		if m.ITT != l.request.ITT {
			return nil, false, &pdu.ProtocolError{Opcode: m.Opcode(), Reason: "its task tag is not ours"}
		}
		if m.Response != pdu.LogoutClosed {
			return nil, false, &pdu.ProtocolError{Opcode: m.Opcode(), Reason: m.Response.String()}
		}
		return nil, true, nil
	case *pdu.Reject:
		return nil, false, &pdu.RejectError{Reason: m.Reason}
	case *pdu.NOPIn, *pdu.AsyncMessage:
		if l.count++; l.count > maxUnsolicited {
			return nil, false, &pdu.LimitError{What: "unsolicited PDUs", Limit: maxUnsolicited}
		}
		return nil, false, nil
	}
	return nil, false, &pdu.ProtocolError{Opcode: in.Opcode(), Reason: "not what was asked for"}
}
