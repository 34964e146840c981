package pdu

import "fmt"

// An Opcode says what a PDU is (RFC 7143, section 11.2.1.2).
type Opcode uint8

// The opcodes of a discovery session. Requests are below 0x20, responses are
// not; an initiator never sends the latter.
const (
	OpNOPOut         Opcode = 0x00
	OpLoginRequest   Opcode = 0x03
	OpTextRequest    Opcode = 0x04
	OpLogoutRequest  Opcode = 0x06
	OpNOPIn          Opcode = 0x20
	OpLoginResponse  Opcode = 0x23
	OpTextResponse   Opcode = 0x24
	OpLogoutResponse Opcode = 0x26
	OpAsyncMessage   Opcode = 0x32
	OpReject         Opcode = 0x3f
)

// String returns the RFC's name of the opcode, or its number.
func (o Opcode) String() string {
	switch o {
	case OpNOPOut:
		return "NOP-Out"
	case OpLoginRequest:
		return "Login Request"
	case OpTextRequest:
		return "Text Request"
	case OpLogoutRequest:
		return "Logout Request"
	case OpNOPIn:
		return "NOP-In"
	case OpLoginResponse:
		return "Login Response"
	case OpTextResponse:
		return "Text Response"
	case OpLogoutResponse:
		return "Logout Response"
	case OpAsyncMessage:
		return "Async Message"
	case OpReject:
		return "Reject"
	}
	return fmt.Sprintf("opcode 0x%02x", uint8(o))
}
