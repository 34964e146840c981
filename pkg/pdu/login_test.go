package pdu

import "testing"

func TestLogin(t *testing.T) {
	t.Parallel()
	testGolden(t, []golden{
		{
			name: "request without authentication",
			pdu: &LoginRequest{
				Transit: true, CSG: LoginOperationalNegotiation, NSG: FullFeaturePhase,
				ISID: ISID{0x80, 1, 2, 3, 4, 5}, ITT: 0x10203040, CID: 7, CmdSN: 0x11121314,
				Data: Text("InitiatorName=iqn.2026-01.test:a\x00SessionType=Discovery\x00"),
			},
			want: `
				43 87 00 00 00 00 00 37  80 01 02 03 04 05 00 00
				10 20 30 40 00 07 00 00  11 12 13 14 00 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				49 6e 69 74 69 61 74 6f  72 4e 61 6d 65 3d 69 71
				6e 2e 32 30 32 36 2d 30  31 2e 74 65 73 74 3a 61
				00 53 65 73 73 69 6f 6e  54 79 70 65 3d 44 69 73
				63 6f 76 65 72 79 00 00`,
		},
		{
			name: "request with every field",
			pdu: &LoginRequest{
				Continue: true, CSG: SecurityNegotiation, VersionMax: 1, VersionMin: 2,
				ISID: ISID{0x40, 0, 0x12, 0x34, 0x56, 0x78}, TSIH: 0x9abc, ITT: 0xfffffffe, CID: 0xdef0,
				CmdSN: 0xffffffff, ExpStatSN: 0x80000000, Data: Text("AuthMethod=CH"),
			},
			want: `
				43 40 01 02 00 00 00 0d  40 00 12 34 56 78 9a bc
				ff ff ff fe de f0 00 00  ff ff ff ff 80 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				41 75 74 68 4d 65 74 68  6f 64 3d 43 48 00 00 00`,
		},
		{
			name: "empty request",
			pdu:  &LoginRequest{Transit: true, CSG: SecurityNegotiation, NSG: LoginOperationalNegotiation},
			want: `
				43 81 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00`,
		},
		{
			name: "last response",
			pdu: &LoginResponse{
				Transit: true, CSG: LoginOperationalNegotiation, NSG: FullFeaturePhase,
				ISID: ISID{0x80, 1, 2, 3, 4, 5}, TSIH: 0x0102, ITT: 0x10203040,
				StatSN: 0xfffffffe, ExpCmdSN: 0x11121314, MaxCmdSN: 0x11121315,
				Data: Text("TargetPortalGroupTag=1\x00"),
			},
			want: `
				23 87 00 00 00 00 00 17  80 01 02 03 04 05 01 02
				10 20 30 40 00 00 00 00  ff ff ff fe 11 12 13 14
				11 12 13 15 00 00 00 00  00 00 00 00 00 00 00 00
				54 61 72 67 65 74 50 6f  72 74 61 6c 47 72 6f 75
				70 54 61 67 3d 31 00 00`,
		},
		{
			name: "response cut in the middle, other versions",
			pdu:  &LoginResponse{Continue: true, CSG: LoginOperationalNegotiation, VersionMax: 3, VersionActive: 4, Data: Text("He")},
			want: `
				23 44 03 04 00 00 00 02  00 00 00 00 00 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				48 65 00 00`,
		},
		{
			name: "refusal",
			pdu:  &LoginResponse{ITT: 1, Status: StatusAuthFailure},
			want: `
				23 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 01 00 00 00 00  00 00 00 00 00 00 00 00
				00 00 00 00 02 01 00 00  00 00 00 00 00 00 00 00`,
		},
	})
}

func TestLoginCrooked(t *testing.T) {
	t.Parallel()
	testCrooked(t, []crooked{
		{
			name:  "request: reserved bits",
			pdu:   &LoginRequest{Transit: true, NSG: LoginOperationalNegotiation},
			bytes: map[int]byte{0: 0xc3, 1: 0xb1, 22: 1, 23: 1, 32: 1, 47: 1},
		},
		{
			name:  "response: reserved bits",
			pdu:   &LoginResponse{Transit: true, NSG: LoginOperationalNegotiation},
			bytes: map[int]byte{0: 0xe3, 1: 0xb1, 20: 1, 23: 1, 38: 1, 47: 1},
		},
		{
			name:  "request: not immediate",
			pdu:   &LoginRequest{},
			bytes: map[int]byte{0: 0x03},
			want:  "bad Login Request: not immediate",
		},
		{
			name: "request: reserved CSG",
			pdu:  &LoginRequest{CSG: 2},
			want: "bad Login Request: stage 2 is reserved",
		},
		{
			name: "request: reserved NSG",
			pdu:  &LoginRequest{Transit: true, NSG: 2},
			want: "bad Login Request: stage 2 is reserved",
		},
		{
			name: "request: NSG counts only with T",
			pdu:  &LoginRequest{NSG: 2},
		},
		{
			name: "response: reserved CSG",
			pdu:  &LoginResponse{CSG: 2},
			want: "bad Login Response: stage 2 is reserved",
		},
		{
			name: "response: reserved NSG",
			pdu:  &LoginResponse{Transit: true, NSG: 2},
			want: "bad Login Response: stage 2 is reserved",
		},
		{
			name: "response: stages mean nothing in a refusal",
			pdu:  &LoginResponse{Transit: true, CSG: 2, NSG: 2, Status: StatusTargetError},
		},
	})
}

func TestLoginEncodesNoForeignBits(t *testing.T) {
	t.Parallel()
	b, err := (&LoginRequest{CSG: 0xfe, NSG: 0xfd}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := b[1], byte(0x09); got != want {
		t.Errorf("got byte 1 %#02x, want %#02x", got, want)
	}
}

func TestRandomISID(t *testing.T) {
	t.Parallel()
	i := RandomISID([5]byte{0xff, 0x01, 0x02, 0x03, 0x04})
	if got, want := i.String(), "80ff01020304"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStageString(t *testing.T) {
	t.Parallel()
	for s, want := range map[Stage]string{
		SecurityNegotiation:         "SecurityNegotiation",
		LoginOperationalNegotiation: "LoginOperationalNegotiation",
		2:                           "stage 2",
		FullFeaturePhase:            "FullFeaturePhase",
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
