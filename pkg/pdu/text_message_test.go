package pdu

import "testing"

func TestTextMessage(t *testing.T) {
	t.Parallel()
	testGolden(t, []golden{
		{
			name: "SendTargets=All",
			pdu:  &TextRequest{Final: true, ITT: 2, TTT: NoTag, CmdSN: 1, ExpStatSN: 5, Data: Text("SendTargets=All\x00")},
			want: `
				04 80 00 00 00 00 00 10  00 00 00 00 00 00 00 00
				00 00 00 02 ff ff ff ff  00 00 00 01 00 00 00 05
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				53 65 6e 64 54 61 72 67  65 74 73 3d 41 6c 6c 00`,
		},
		{
			name: "request that asks on",
			pdu:  &TextRequest{Immediate: true, Final: true, LUN: 0x0102030405060708, ITT: 2, TTT: 0, CmdSN: 1, ExpStatSN: 6},
			want: `
				44 80 00 00 00 00 00 00  01 02 03 04 05 06 07 08
				00 00 00 02 00 00 00 00  00 00 00 01 00 00 00 06
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00`,
		},
		{
			name: "request cut in the middle",
			pdu:  &TextRequest{Continue: true, ITT: 2, TTT: NoTag, Data: Text("S")},
			want: `
				04 40 00 00 00 00 00 01  00 00 00 00 00 00 00 00
				00 00 00 02 ff ff ff ff  00 00 00 00 00 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				53 00 00 00`,
		},
		{
			name: "response that goes on",
			pdu: &TextResponse{
				Continue: true, LUN: 0x0102030405060708, ITT: 2, TTT: 0x0a0b0c0d,
				StatSN: 0xffffffff, ExpCmdSN: 2, MaxCmdSN: 3, Data: Text("TargetNa"),
			},
			want: `
				24 40 00 00 00 00 00 08  01 02 03 04 05 06 07 08
				00 00 00 02 0a 0b 0c 0d  ff ff ff ff 00 00 00 02
				00 00 00 03 00 00 00 00  00 00 00 00 00 00 00 00
				54 61 72 67 65 74 4e 61`,
		},
		{
			name: "last response, empty",
			pdu:  &TextResponse{Final: true, ITT: 2, TTT: NoTag, StatSN: 1, ExpCmdSN: 2, MaxCmdSN: 1},
			want: `
				24 80 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 02 ff ff ff ff  00 00 00 01 00 00 00 02
				00 00 00 01 00 00 00 00  00 00 00 00 00 00 00 00`,
		},
	})
}

func TestTextMessageCrooked(t *testing.T) {
	t.Parallel()
	testCrooked(t, []crooked{
		{
			name:  "request: reserved bits",
			pdu:   &TextRequest{Immediate: true, Final: true, Continue: true},
			bytes: map[int]byte{0: 0xc4, 1: 0xff, 2: 1, 3: 1, 32: 1, 47: 1},
		},
		{
			name:  "response: reserved bits",
			pdu:   &TextResponse{Final: true},
			bytes: map[int]byte{0: 0xe4, 1: 0xbf, 2: 1, 3: 1, 36: 1, 47: 1},
		},
	})
}
