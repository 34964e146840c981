package pdu

import "testing"

func TestOpcodeString(t *testing.T) {
	t.Parallel()
	for op, want := range map[Opcode]string{
		OpNOPOut:         "NOP-Out",
		OpLoginRequest:   "Login Request",
		OpTextRequest:    "Text Request",
		OpLogoutRequest:  "Logout Request",
		OpNOPIn:          "NOP-In",
		OpLoginResponse:  "Login Response",
		OpTextResponse:   "Text Response",
		OpLogoutResponse: "Logout Response",
		OpAsyncMessage:   "Async Message",
		OpReject:         "Reject",
		0x01:             "opcode 0x01",
		0x25:             "opcode 0x25",
	} {
		if got := op.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
