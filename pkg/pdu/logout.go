package pdu

import "fmt"

// A LogoutReason says what a Logout Request closes (RFC 7143, section 11.14.1).
type LogoutReason uint8

// LogoutSession closes the session; a discovery session knows no other reason.
const LogoutSession LogoutReason = 0

const logoutReasonMask = 0x7f

// A LogoutRequest is RFC 7143, section 11.14.
type LogoutRequest struct {
	Immediate bool
	Reason    LogoutReason
	ITT       uint32
	CID       uint16 // 0 where Reason is LogoutSession
	CmdSN     uint32
	ExpStatSN uint32
}

// Opcode returns OpLogoutRequest.
func (*LogoutRequest) Opcode() Opcode { return OpLogoutRequest }

// AppendBinary appends the request to b.
func (m *LogoutRequest) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpLogoutRequest, 0)
	if err != nil {
		return b, err
	}
	h.setImmediate(m.Immediate)
	h[offFlags] = bitFinal | byte(m.Reason)&logoutReasonMask
	h.put32(offITT, m.ITT)
	h.put16(offCID, m.CID)
	h.put32(offCmdSN, m.CmdSN)
	h.put32(offExpStatSN, m.ExpStatSN)
	return append(b, h[:]...), nil
}

// Decode sets m from a header.
func (m *LogoutRequest) Decode(h *Header, _ []byte) error {
	if err := h.is(OpLogoutRequest); err != nil {
		return err
	}
	*m = LogoutRequest{
		Immediate: h.Immediate(),
		Reason:    LogoutReason(h[offFlags] & logoutReasonMask),
		ITT:       h.ITT(),
		CID:       h.get16(offCID),
		CmdSN:     h.get32(offCmdSN),
		ExpStatSN: h.get32(offExpStatSN),
	}
	return nil
}

// A LogoutOutcome is the response code of a Logout (RFC 7143, section 11.15.1).
type LogoutOutcome uint8

// The outcomes.
const (
	LogoutClosed         LogoutOutcome = 0
	LogoutCIDNotFound    LogoutOutcome = 1
	LogoutNoRecovery     LogoutOutcome = 2
	LogoutCleanupFailed  LogoutOutcome = 3
	firstReservedOutcome LogoutOutcome = 4
)

// String returns the outcome in words.
func (o LogoutOutcome) String() string {
	switch o {
	case LogoutClosed:
		return "closed successfully"
	case LogoutCIDNotFound:
		return "CID not found"
	case LogoutNoRecovery:
		return "connection recovery not supported"
	case LogoutCleanupFailed:
		return "cleanup failed"
	}
	return fmt.Sprintf("logout response %d", uint8(o))
}

// A LogoutResponse is RFC 7143, section 11.15.
type LogoutResponse struct {
	Response    LogoutOutcome
	ITT         uint32
	StatSN      uint32
	ExpCmdSN    uint32
	MaxCmdSN    uint32
	Time2Wait   uint16 // seconds; of no meaning at error recovery level 0
	Time2Retain uint16 // seconds; likewise
}

// Opcode returns OpLogoutResponse.
func (*LogoutResponse) Opcode() Opcode { return OpLogoutResponse }

// AppendBinary appends the response to b.
func (m *LogoutResponse) AppendBinary(b []byte) ([]byte, error) {
	h, err := newHeader(OpLogoutResponse, 0)
	if err != nil {
		return b, err
	}
	h[offFlags] = bitFinal
	h[offResponse] = byte(m.Response)
	h.put32(offITT, m.ITT)
	h.put32(offStatSN, m.StatSN)
	h.put32(offExpCmdSN, m.ExpCmdSN)
	h.put32(offMaxCmdSN, m.MaxCmdSN)
	h.put16(offTime2Wait, m.Time2Wait)
	h.put16(offTime2Retain, m.Time2Retain)
	return append(b, h[:]...), nil
}

// Decode sets m from a header.
func (m *LogoutResponse) Decode(h *Header, _ []byte) error {
	if err := h.is(OpLogoutResponse); err != nil {
		return err
	}
	*m = LogoutResponse{
		Response:    LogoutOutcome(h[offResponse]),
		ITT:         h.ITT(),
		StatSN:      h.get32(offStatSN),
		ExpCmdSN:    h.get32(offExpCmdSN),
		MaxCmdSN:    h.get32(offMaxCmdSN),
		Time2Wait:   h.get16(offTime2Wait),
		Time2Retain: h.get16(offTime2Retain),
	}
	if m.Response >= firstReservedOutcome {
		return &FormatError{Opcode: OpLogoutResponse, Reason: "a reserved response code"}
	}
	return nil
}
