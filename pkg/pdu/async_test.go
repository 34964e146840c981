package pdu

import "testing"

func TestAsyncMessage(t *testing.T) {
	t.Parallel()
	testGolden(t, []golden{
		{
			name: "logout requested",
			pdu:  &AsyncMessage{StatSN: 1, ExpCmdSN: 2, MaxCmdSN: 3, Event: AsyncLogout, Parameter3: 10},
			want: `
				32 80 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				ff ff ff ff 00 00 00 00  00 00 00 01 00 00 00 02
				00 00 00 03 01 00 00 00  00 00 00 0a 00 00 00 00`,
		},
		{
			name: "every field",
			pdu: &AsyncMessage{
				LUN: 0x0102030405060708, StatSN: 1, ExpCmdSN: 2, MaxCmdSN: 3, Event: 0xff, VCode: 0xfe,
				Parameter1: 0x1112, Parameter2: 0x1314, Parameter3: 0x1516, Data: []byte("sense"),
			},
			want: `
				32 80 00 00 00 00 00 05  01 02 03 04 05 06 07 08
				ff ff ff ff 00 00 00 00  00 00 00 01 00 00 00 02
				00 00 00 03 ff fe 11 12  13 14 15 16 00 00 00 00
				73 65 6e 73 65 00 00 00`,
		},
	})
}

func TestAsyncMessageCrooked(t *testing.T) {
	t.Parallel()
	testCrooked(t, []crooked{{
		name:  "reserved bits, and a tag",
		pdu:   &AsyncMessage{Event: AsyncDropSession},
		bytes: map[int]byte{0: 0xf2, 1: 0x7f, 2: 1, 3: 1, 16: 0, 20: 1, 44: 1, 47: 1},
	}})
}

func TestAsyncEventString(t *testing.T) {
	t.Parallel()
	for e, want := range map[AsyncEvent]string{
		AsyncSCSI:            "SCSI event",
		AsyncLogout:          "logout requested",
		AsyncDropConnection:  "connection will be dropped",
		AsyncDropSession:     "session will be dropped",
		AsyncNegotiate:       "negotiation requested",
		AsyncTaskTermination: "task termination",
		6:                    "reserved event 6",
		247:                  "reserved event 247",
		248:                  "vendor event 248",
		255:                  "vendor event 255",
	} {
		if got := e.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
