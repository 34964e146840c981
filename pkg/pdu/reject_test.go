package pdu

import "testing"

func TestReject(t *testing.T) {
	t.Parallel()
	testGolden(t, []golden{{
		name: "protocol error",
		pdu:  &Reject{Reason: RejectProtocolError, StatSN: 1, ExpCmdSN: 2, MaxCmdSN: 3, Data: make([]byte, HeaderLen)},
		want: `
			3f 80 04 00 00 00 00 30  00 00 00 00 00 00 00 00
			ff ff ff ff 00 00 00 00  00 00 00 01 00 00 00 02
			00 00 00 03 00 00 00 00  00 00 00 00 00 00 00 00
			00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
			00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
			00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00`,
	}})
}

func TestRejectCrooked(t *testing.T) {
	t.Parallel()
	testCrooked(t, []crooked{{
		name:  "reserved bits, and a tag",
		pdu:   &Reject{Reason: RejectReason(0xff)},
		bytes: map[int]byte{0: 0xff, 1: 0x7f, 3: 1, 8: 1, 16: 0, 20: 1, 36: 1, 47: 1},
	}})
}

func TestRejectReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		reason    RejectReason
		want      string
		transient bool
	}{
		{reason: 0x01, want: "unknown reason (0x01)"},
		{reason: RejectDataDigest, want: "data digest error (0x02)", transient: true},
		{reason: RejectSNACK, want: "SNACK reject (0x03)"},
		{reason: RejectProtocolError, want: "protocol error (0x04)"},
		{reason: RejectNotSupported, want: "command not supported (0x05)"},
		{reason: RejectTooManyImmediate, want: "too many immediate commands (0x06)", transient: true},
		{reason: RejectTaskInProgress, want: "task in progress (0x07)"},
		{reason: RejectInvalidDataACK, want: "invalid data acknowledgement (0x08)"},
		{reason: RejectInvalidField, want: "invalid PDU field (0x09)"},
		{reason: RejectNoTTT, want: "out of target transfer tags (0x0a)", transient: true},
		{reason: RejectNegotiationReset, want: "negotiation reset (0x0b)"},
		{reason: RejectWaitingForLogout, want: "waiting for logout (0x0c)"},
	}
	for _, tt := range tests {
		if got := tt.reason.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
		if got := tt.reason.Transient(); got != tt.transient {
			t.Errorf("%s: got transient %t, want %t", tt.reason, got, tt.transient)
		}
	}
}
