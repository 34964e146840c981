package pdu

import "testing"

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&FormatError{Opcode: OpReject, Reason: "odd"}, "bad Reject: odd"},
		{
			&SizeError{Opcode: OpTextResponse, What: "data segment", Size: 8193, Limit: 8192},
			"Text Response: data segment of 8193 bytes exceeds the limit of 8192",
		},
		{
			&DigestError{Opcode: OpNOPIn, Header: true, Got: 1, Want: 0xabcdef01},
			"header digest of NOP-In is 00000001, computed abcdef01",
		},
		{&DigestError{Opcode: OpNOPIn}, "data digest of NOP-In is 00000000, computed 00000000"},
		{&TextError{Offset: 7, Reason: "odd"}, "malformed text at byte 7: odd"},
		{&ValueError{Kind: "number", Reason: "odd"}, "bad number: odd"},
	} {
		checkError(t, tt.err, tt.want)
	}
}
