package pdu

import "testing"

func TestLogout(t *testing.T) {
	t.Parallel()
	testGolden(t, []golden{
		{
			name: "request to close the session",
			pdu:  &LogoutRequest{Immediate: true, Reason: LogoutSession, ITT: 3, CmdSN: 0x01020304, ExpStatSN: 0x05060708},
			want: `
				46 80 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 03 00 00 00 00  01 02 03 04 05 06 07 08
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00`,
		},
		{
			name: "request to close a connection",
			pdu:  &LogoutRequest{Reason: 1, ITT: 3, CID: 0x0a0b},
			want: `
				06 81 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 03 0a 0b 00 00  00 00 00 00 00 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00`,
		},
		{
			name: "response",
			pdu: &LogoutResponse{
				Response: LogoutCleanupFailed, ITT: 3, StatSN: 4, ExpCmdSN: 5, MaxCmdSN: 6,
				Time2Wait: 0x0708, Time2Retain: 0x090a,
			},
			want: `
				26 80 03 00 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 03 00 00 00 00  00 00 00 04 00 00 00 05
				00 00 00 06 00 00 00 00  07 08 09 0a 00 00 00 00`,
		},
	})
}

func TestLogoutCrooked(t *testing.T) {
	t.Parallel()
	testCrooked(t, []crooked{
		{
			name:  "request: reserved bits",
			pdu:   &LogoutRequest{Immediate: true, Reason: 2},
			bytes: map[int]byte{0: 0xc6, 1: 0x02, 2: 1, 8: 1, 22: 1, 32: 1, 47: 1},
		},
		{
			name:  "response: reserved bits",
			pdu:   &LogoutResponse{},
			bytes: map[int]byte{0: 0xe6, 1: 0x7f, 3: 1, 8: 1, 20: 1, 36: 1, 44: 1},
		},
		{
			name: "response: reserved code",
			pdu:  &LogoutResponse{Response: 4},
			want: "bad Logout Response: a reserved response code",
		},
	})
}

func TestLogoutOutcomeString(t *testing.T) {
	t.Parallel()
	for o, want := range map[LogoutOutcome]string{
		LogoutClosed:        "closed successfully",
		LogoutCIDNotFound:   "CID not found",
		LogoutNoRecovery:    "connection recovery not supported",
		LogoutCleanupFailed: "cleanup failed",
		200:                 "logout response 200",
	} {
		if got := o.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
