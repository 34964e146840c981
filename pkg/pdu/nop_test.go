package pdu

import "testing"

func TestNOP(t *testing.T) {
	t.Parallel()
	testGolden(t, []golden{
		{
			name: "NOP-Out that answers",
			pdu:  &NOPOut{Immediate: true, LUN: 0x0102030405060708, ITT: NoTag, TTT: 0x0a0b0c0d, CmdSN: 1, ExpStatSN: 2},
			want: `
				40 80 00 00 00 00 00 00  01 02 03 04 05 06 07 08
				ff ff ff ff 0a 0b 0c 0d  00 00 00 01 00 00 00 02
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00`,
		},
		{
			name: "NOP-Out with data",
			pdu:  &NOPOut{ITT: 1, TTT: NoTag, Data: []byte("ping!")},
			want: `
				00 80 00 00 00 00 00 05  00 00 00 00 00 00 00 00
				00 00 00 01 ff ff ff ff  00 00 00 00 00 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				70 69 6e 67 21 00 00 00`,
		},
		{
			name: "NOP-In that asks",
			pdu: &NOPIn{
				LUN: 0x0102030405060708, ITT: NoTag, TTT: 0, StatSN: 3, ExpCmdSN: 4, MaxCmdSN: 5, Data: []byte{0xff},
			},
			want: `
				20 80 00 00 00 00 00 01  01 02 03 04 05 06 07 08
				ff ff ff ff 00 00 00 00  00 00 00 03 00 00 00 04
				00 00 00 05 00 00 00 00  00 00 00 00 00 00 00 00
				ff 00 00 00`,
		},
	})
}

func TestNOPCrooked(t *testing.T) {
	t.Parallel()
	testCrooked(t, []crooked{
		{
			name:  "NOP-Out: reserved bits",
			pdu:   &NOPOut{Immediate: true},
			bytes: map[int]byte{0: 0xc0, 1: 0x7f, 2: 1, 3: 1, 32: 1, 47: 1},
		},
		{
			name:  "NOP-In: reserved bits",
			pdu:   &NOPIn{},
			bytes: map[int]byte{0: 0xe0, 1: 0x7f, 2: 1, 3: 1, 36: 1, 47: 1},
		},
	})
}
