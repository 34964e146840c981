package session

import "github.com/go-iscsi/discovery/pkg/pdu"

// Numbers are the sequence numbers and tags of a session, which its machines
// share (RFC 7143, sections 4.2.2 and 11.2.1.8). A discovery session sends
// immediate requests only: those carry CmdSN and never advance it, so the
// target's command window never stands in the way. (Some targets hardly open
// it.)
type Numbers struct {
	cmdSN     uint32
	expStatSN uint32 // the StatSN that comes next; 0 before the first response
	itt       uint32 // used last
}

// Reset makes n the numbers of a new session.
func (n *Numbers) Reset() { *n = Numbers{cmdSN: 1} }

// nextITT returns a fresh Initiator Task Tag.
func (n *Numbers) nextITT() uint32 {
	n.itt++
	if n.itt == pdu.NoTag {
		n.itt = 1
	}
	return n.itt
}

// base takes the StatSN of a Login Response, which may be any.
func (n *Numbers) base(statSN uint32) { n.expStatSN = statSN + 1 }

// advance takes the StatSN of a response in full feature phase. One that lies
// ahead means that responses were lost, and with error recovery level 0 the
// session with them (RFC 7143, section 7.9). One that lies behind is left
// alone: that target counts badly, and nothing was lost.
func (n *Numbers) advance(op pdu.Opcode, statSN uint32) error {
	if pdu.SerialLess(n.expStatSN, statSN) {
		return &pdu.ProtocolError{Opcode: op, Reason: "its StatSN lies ahead: a response was lost"}
	}
	if statSN == n.expStatSN {
		n.expStatSN++
	}
	return nil
}
