package iscsitest_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
	. "github.com/go-iscsi/discovery/test/iscsitest"
)

const (
	security    = pdu.SecurityNegotiation
	operational = pdu.LoginOperationalNegotiation
	full        = pdu.FullFeaturePhase
)

// A ladder is a faultless conversation, for a test to spoil.
type ladder struct {
	auth     *pdu.LoginRequest // security stage
	authOK   *pdu.LoginResponse
	login    *pdu.LoginRequest // operational stage
	loginOK  *pdu.LoginResponse
	ask      *pdu.TextRequest
	ping     *pdu.NOPIn
	pong     *pdu.NOPOut
	more     *pdu.TextResponse
	on       *pdu.TextRequest
	answer   *pdu.TextResponse
	logout   *pdu.LogoutRequest
	loggedOf *pdu.LogoutResponse

	rungs []pdu.PDU
	raw   map[pdu.PDU]func([]byte) []byte
}

func newLadder() *ladder {
	isid := pdu.RandomISID([5]byte{1, 2, 3, 4, 5})
	l := &ladder{
		auth: &pdu.LoginRequest{
			Transit: true, CSG: security, NSG: operational, ISID: isid, ITT: 1, CmdSN: 7,
			Data: Text("InitiatorName=iqn.2026-01.test:i", "SessionType=Discovery", "AuthMethod=None"),
		},
		authOK: &pdu.LoginResponse{Transit: true, CSG: security, NSG: operational, StatSN: 0xfffffffe, Data: Text("AuthMethod=None")},
		login: &pdu.LoginRequest{
			Transit: true, CSG: operational, NSG: full, ISID: isid, ITT: 1, CmdSN: 7, ExpStatSN: 0xffffffff,
			Data: Text("HeaderDigest=CRC32C", "DataDigest=CRC32C", "MaxRecvDataSegmentLength=65536"),
		},
		loginOK: &pdu.LoginResponse{Transit: true, CSG: operational, NSG: full, StatSN: 0xffffffff, Data: Text("HeaderDigest=CRC32C", "DataDigest=CRC32C")},
		ask:     &pdu.TextRequest{Immediate: true, Final: true, ITT: 2, TTT: pdu.NoTag, CmdSN: 7, Data: Text("SendTargets=All")},
		ping:    &pdu.NOPIn{ITT: pdu.NoTag, TTT: 0, LUN: 5, StatSN: 0},
		pong:    &pdu.NOPOut{Immediate: true, ITT: pdu.NoTag, TTT: 0, LUN: 5, CmdSN: 7},
		more:    &pdu.TextResponse{TTT: 0, LUN: 6, StatSN: 0},
		on:      &pdu.TextRequest{Immediate: true, Final: true, ITT: 2, TTT: 0, LUN: 6, CmdSN: 7, ExpStatSN: 1},
		answer:  &pdu.TextResponse{Final: true, TTT: pdu.NoTag, StatSN: 1},
		logout:  &pdu.LogoutRequest{Immediate: true, ITT: 3, CmdSN: 7, ExpStatSN: 2},
		raw:     make(map[pdu.PDU]func([]byte) []byte),
	}
	l.loggedOf = &pdu.LogoutResponse{StatSN: 2}
	l.rungs = []pdu.PDU{
		l.auth, l.authOK, l.login, l.loginOK, l.ask, l.ping, l.pong, l.more, l.on, l.answer, l.logout, l.loggedOf,
	}
	return l
}

// set makes a rung wrong in one byte.
func (l *ladder) set(p pdu.PDU, off int, c byte) {
	l.raw[p] = func(b []byte) []byte { b[off] = c; return b }
}

// after puts more rungs behind p.
func (l *ladder) after(p pdu.PDU, more ...pdu.PDU) {
	l.rungs = slices.Insert(l.rungs, slices.Index(l.rungs, p)+1, more...)
}

// drop leaves rungs out.
func (l *ladder) drop(ps ...pdu.PDU) {
	l.rungs = slices.DeleteFunc(l.rungs, func(p pdu.PDU) bool { return slices.Contains(ps, p) })
}

// audit shows the ladder to an Auditor and returns what it found.
func (l *ladder) audit(t *testing.T) error {
	t.Helper()
	var a Auditor
	for i, p := range l.rungs {
		var b bytes.Buffer
		w := pdu.NewWriter(&b)
		w.MaxData = pdu.MaxDataLen
		w.HeaderDigest, w.DataDigest = a.Digests()
		if err := w.WritePDU(p); err != nil {
			t.Fatal(err)
		}
		raw := b.Bytes()
		change := l.raw[p]
		if change != nil {
			// Changes come before the digests.
			plain, err := p.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			raw = seal(change(plain), w.HeaderDigest, w.DataDigest)
		}
		f, err := ReadFrame(bytes.NewReader(raw), w.HeaderDigest, w.DataDigest)
		if err != nil {
			t.Fatalf("rung %d: %v", i, err)
		}
		if p.Opcode() < 0x20 {
			a.Request(f)
		} else {
			a.Response(f)
		}
	}
	return a.Err()
}

// seal adds digests to a PDU.
func seal(b []byte, header, data bool) []byte {
	n := pdu.HeaderLen + (*pdu.Header)(b).AHSLen()
	out := bytes.Clone(b[:n])
	if header {
		out = pdu.AppendDigest(out, b[:n])
	}
	out = append(out, b[n:]...)
	if data && len(b) > n {
		out = pdu.AppendDigest(out, b[n:])
	}
	return out
}

func TestAuditor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(*ladder)
		want  string // empty: nothing is wrong
	}{
		{name: "faultless", spoil: func(*ladder) {}},

		// Any PDU.
		{name: "bit 7 of byte 0", spoil: func(l *ladder) { l.set(l.ask, 0, 0xc4) }, want: "request 3, Text Request: bit 7 of byte 0"},
		{
			name: "additional headers",
			spoil: func(l *ladder) {
				l.raw[l.logout] = func(b []byte) []byte { b[4] = 1; return append(b, 0, 0, 0, 0) }
			},
			want: "4 bytes of additional headers",
		},
		{name: "padding", spoil: func(l *ladder) {
			l.raw[l.auth] = func(b []byte) []byte { b[len(b)-1] = 1; return b }
		}, want: "padding"},
		{name: "opcode of a target", spoil: func(l *ladder) { l.set(l.logout, 0, 0x26) }, want: "no opcode of an initiator"},
		{name: "SCSI command", spoil: func(l *ladder) { l.set(l.logout, 0, 0x01) }, want: "not a PDU of a discovery session"},

		// Login.
		{name: "login: byte 1", spoil: func(l *ladder) { l.set(l.auth, 1, 0x91) }, want: "bits 5-4 of byte 1"},
		{name: "login: VersionMax", spoil: func(l *ladder) { l.auth.VersionMax = 1 }, want: "versions"},
		{name: "login: VersionMin", spoil: func(l *ladder) { l.auth.VersionMin = 1 }, want: "versions"},
		{name: "login: TSIH", spoil: func(l *ladder) { l.login.TSIH = 1 }, want: "TSIH is 0x1, want 0x0"},
		{name: "login: bytes 22-23", spoil: func(l *ladder) { l.set(l.auth, 23, 1) }, want: "bytes 22-23"},
		{name: "login: bytes 32-47", spoil: func(l *ladder) { l.set(l.auth, 47, 1) }, want: "bytes 32-47"},
		{name: "login: T and C", spoil: func(l *ladder) { l.auth.Continue = true }, want: "T and C together"},
		{name: "login: NSG without T", spoil: func(l *ladder) { l.auth.Transit = false }, want: "NSG 1 without T"},
		{name: "login: same stage", spoil: func(l *ladder) { l.login.NSG = operational }, want: "from stage 1 to 1"},
		{name: "login: CSG", spoil: func(l *ladder) { l.auth.CSG, l.auth.NSG = full, full }, want: "CSG 3"},
		{name: "login: wrong stage", spoil: func(l *ladder) { l.login.CSG = security }, want: "CSG 0, want 1"},
		{name: "login: first ExpStatSN", spoil: func(l *ladder) { l.auth.ExpStatSN = 1 }, want: "ExpStatSN of the first request"},
		{name: "login: ExpStatSN", spoil: func(l *ladder) { l.login.ExpStatSN = 0xfffffffe }, want: "ExpStatSN 0xfffffffe, want 0xffffffff"},
		{name: "login: CmdSN", spoil: func(l *ladder) { l.login.CmdSN++ }, want: "CmdSN is 0x8, want 0x7"},
		{name: "login: ITT", spoil: func(l *ladder) { l.login.ITT++ }, want: "ITT is 0x2, want 0x1"},
		{name: "login: no ITT", spoil: func(l *ladder) { l.auth.ITT, l.login.ITT = pdu.NoTag, pdu.NoTag }, want: "ITT 0xffffffff"},
		{name: "login: CID", spoil: func(l *ladder) { l.login.CID++ }, want: "CID is 0x1, want 0x0"},
		{name: "login: ISID", spoil: func(l *ladder) { l.login.ISID[5]++ }, want: "ISID 800102030406, before 800102030405"},
		{name: "login: ISID, reserved type", spoil: func(l *ladder) { l.auth.ISID[0], l.login.ISID[0] = 0xc0, 0xc0 }, want: "of the reserved type"},
		{name: "login: ISID, low bits", spoil: func(l *ladder) { l.auth.ISID[0], l.login.ISID[0] = 0x81, 0x81 }, want: "low bits of the ISID"},
		{name: "login: long", spoil: func(l *ladder) {
			l.login.Data = append(l.login.Data, "X="+strings.Repeat("x", 8192)+"\x00"...)
		}, want: "8264 bytes of data"},
		{name: "login: no InitiatorName", spoil: func(l *ladder) { l.auth.Data = Text("SessionType=Discovery") }, want: "no InitiatorName"},
		{name: "login: no SessionType", spoil: func(l *ladder) { l.auth.Data = Text("InitiatorName=i") }, want: "no SessionType"},
		{name: "login: normal session", spoil: func(l *ladder) { l.auth.Data = Text("InitiatorName=i", "SessionType=Normal") }, want: "SessionType=Normal"},
		{name: "login: TargetName", spoil: func(l *ladder) { l.auth.Data = append(l.auth.Data, Text("TargetName=a")...) }, want: "TargetName in a discovery session"},
		{name: "login: a key twice", spoil: func(l *ladder) { l.login.Data = Text("InitiatorName=i") }, want: "InitiatorName for the second time"},
		{name: "login: a key too late", spoil: func(l *ladder) { l.login.Data = Text("CHAP_A=5") }, want: "CHAP_A in stage 1"},
		{name: "login: a key too early", spoil: func(l *ladder) { l.auth.Data = append(l.auth.Data, Text("DataDigest=None")...) }, want: "DataDigest in stage 0"},
		{name: "login: a key of nobody", spoil: func(l *ladder) { l.login.Data = Text("X-org.example.a=1") }, want: "X-org.example.a is no standard key"},
		{name: "login: malformed", spoil: func(l *ladder) { l.login.Data = pdu.Text("HeaderDigest") }, want: "malformed text"},
		{name: "login: an answer", spoil: func(l *ladder) {
			l.authOK.Transit, l.authOK.NSG = false, 0
			l.authOK.Data = append(l.authOK.Data, Text("X-com.example.a=1", "InitiatorAlias=odd")...)
			l.login.CSG, l.login.NSG, l.login.Data = security, operational, Text("X-com.example.a=NotUnderstood", "InitiatorAlias=a")
			l.drop(l.loginOK, l.ask, l.ping, l.pong, l.more, l.on, l.answer, l.logout, l.loggedOf)
		}},
		{name: "login: no answer", spoil: func(l *ladder) {
			l.authOK.Transit, l.authOK.NSG = false, 0
			l.authOK.Data = append(l.authOK.Data, Text("X-com.example.a=1")...)
			l.login.CSG, l.login.NSG, l.login.Data = security, operational, nil
			l.drop(l.loginOK, l.ask, l.ping, l.pong, l.more, l.on, l.answer, l.logout, l.loggedOf)
		}, want: "no answer to X-com.example.a"},
		{name: "login: a proposal with T comes too late", spoil: func(l *ladder) {
			l.authOK.Data = append(l.authOK.Data, Text("X-com.example.a=1")...)
		}},
		{name: "login: not understood", spoil: func(l *ladder) { l.login.Data = Text("MaxConnections=NotUnderstood") }, want: "MaxConnections=NotUnderstood for a standard key"},
		{name: "login: text in answer to C", spoil: func(l *ladder) {
			l.authOK.Transit, l.authOK.NSG, l.authOK.Continue = false, 0, true
			l.login.CSG, l.login.NSG = security, operational
			l.drop(l.loginOK, l.ask, l.ping, l.pong, l.more, l.on, l.answer, l.logout, l.loggedOf)
		}, want: "text in answer to C"},
		{name: "login: again", spoil: func(l *ladder) { l.after(l.answer, l.login) }, want: "a login within the full feature phase"},
		{name: "login: after a refusal", spoil: func(l *ladder) { l.authOK.Status = pdu.StatusTargetError }, want: "sent after the login had failed"},
		{name: "login: other PDUs", spoil: func(l *ladder) { l.drop(l.login, l.loginOK) }, want: "Text Request: before the login is complete"},
		{name: "login: two at once", spoil: func(l *ladder) { l.drop(l.authOK) }, want: "a second request while a Login Request is outstanding"},

		// Text.
		{name: "text: not immediate", spoil: func(l *ladder) { l.ask.Immediate = false }, want: "byte 0 (immediate, opcode) is 0x4, want 0x44"},
		{name: "text: byte 1", spoil: func(l *ladder) { l.set(l.ask, 1, 0x81) }, want: "bits 5-0 of byte 1"},
		{name: "text: F", spoil: func(l *ladder) { l.ask.Final = false }, want: "F is 0"},
		{name: "text: C", spoil: func(l *ladder) { l.ask.Continue = true }, want: "C is 1"},
		{name: "text: bytes 2-3", spoil: func(l *ladder) { l.set(l.ask, 2, 1) }, want: "bytes 2-3"},
		{name: "text: bytes 32-47", spoil: func(l *ladder) { l.set(l.ask, 32, 1) }, want: "bytes 32-47"},
		{name: "text: LUN", spoil: func(l *ladder) { l.ask.LUN = 1 }, want: "LUN 0x1, want 0"},
		{name: "text: no ITT", spoil: func(l *ladder) { l.ask.ITT, l.on.ITT = pdu.NoTag, pdu.NoTag }, want: "ITT 0xffffffff"},
		{name: "text: ITT of the login", spoil: func(l *ladder) { l.ask.ITT, l.on.ITT = 1, 1 }, want: "ITT 0x00000001 was used before"},
		{name: "text: TTT", spoil: func(l *ladder) { l.ask.TTT = 0 }, want: "TTT is 0x0, want 0xffffffff"},
		{name: "text: CmdSN", spoil: func(l *ladder) { l.ask.CmdSN++ }, want: "CmdSN is 0x8, want 0x7"},
		{name: "text: ExpStatSN", spoil: func(l *ladder) { l.ask.ExpStatSN = 1 }, want: "ExpStatSN 0x00000001, want 0x00000000"},
		{name: "text: no key", spoil: func(l *ladder) { l.ask.Data = nil }, want: "0 keys, want SendTargets alone"},
		{name: "text: two keys", spoil: func(l *ladder) { l.ask.Data = Text("SendTargets=All", "SendTargets=All") }, want: "2 keys, want SendTargets alone"},
		{name: "text: another key", spoil: func(l *ladder) { l.ask.Data = Text("MaxRecvDataSegmentLength=512") }, want: "key MaxRecvDataSegmentLength"},
		{name: "text: no value", spoil: func(l *ladder) { l.ask.Data = Text("SendTargets=") }, want: "SendTargets without a value"},
		{name: "text: malformed", spoil: func(l *ladder) { l.ask.Data = pdu.Text("SendTargets=All") }, want: "malformed text"},
		{name: "text: more than the target takes", spoil: func(l *ladder) {
			l.loginOK.Data = append(l.loginOK.Data, Text("MaxRecvDataSegmentLength=512")...)
			l.ask.Data = Text("SendTargets=" + strings.Repeat("a", 512))
		}, want: "525 bytes of data; the target takes 512"},
		{name: "text: asks on with another ITT", spoil: func(l *ladder) { l.on.ITT = 9 }, want: "ITT is 0x9, want 0x2"},
		{name: "text: asks on with another TTT", spoil: func(l *ladder) { l.on.TTT = 9 }, want: "TTT is 0x9, want 0x0"},
		{name: "text: asks on with another LUN", spoil: func(l *ladder) { l.on.LUN = 9 }, want: "LUN 0x9, want 0x6"},
		{name: "text: asks on with text", spoil: func(l *ladder) { l.on.Data = Text("SendTargets=All") }, want: "text in a request that asks for more"},
		{name: "text: empty where the target asked", spoil: func(l *ladder) {
			l.ask.Data, l.ask.ExpStatSN = nil, 1
			l.after(l.loginOK, &pdu.AsyncMessage{StatSN: 0, Event: pdu.AsyncNegotiate})
			l.pong.ExpStatSN, l.more.StatSN, l.on.ExpStatSN, l.answer.StatSN, l.logout.ExpStatSN = 1, 1, 2, 2, 3
		}},
		{name: "text: two at once", spoil: func(l *ladder) { l.drop(l.more, l.on); l.after(l.ask, &pdu.TextRequest{}) }, want: "a second request while a Text Request is outstanding"},

		// NOP.
		{name: "nop: not asked for", spoil: func(l *ladder) { l.drop(l.ping) }, want: "no NOP-In asked for it"},
		{name: "nop: no answer wanted", spoil: func(l *ladder) { l.ping.TTT = pdu.NoTag }, want: "no NOP-In asked for it"},
		{name: "nop: not answered", spoil: func(l *ladder) { l.drop(l.pong) }, want: "the NOP-In with TTT 0x00000000 was not answered"},
		{name: "nop: byte 1", spoil: func(l *ladder) { l.set(l.pong, 1, 0) }, want: "byte 1 is 0x0, want 0x80"},
		{name: "nop: ITT", spoil: func(l *ladder) { l.pong.ITT = 9 }, want: "ITT is 0x9, want 0xffffffff"},
		{name: "nop: TTT", spoil: func(l *ladder) { l.pong.TTT = 9 }, want: "TTT is 0x9, want 0x0"},
		{name: "nop: LUN", spoil: func(l *ladder) { l.pong.LUN = 9 }, want: "LUN 0x9, want 0x5"},
		{name: "nop: data", spoil: func(l *ladder) { l.pong.Data = []byte("a") }, want: "a NOP-Out with data"},
		{name: "nop: not immediate", spoil: func(l *ladder) { l.pong.Immediate = false }, want: "byte 0 (immediate, opcode) is 0x0, want 0x40"},
		{name: "nop: CmdSN", spoil: func(l *ladder) { l.pong.CmdSN++ }, want: "CmdSN is 0x8, want 0x7"},
		{name: "nop: ExpStatSN", spoil: func(l *ladder) { l.pong.ExpStatSN++ }, want: "NOP-Out: ExpStatSN 0x00000001, want 0x00000000"},

		// Logout.
		{name: "logout: not immediate", spoil: func(l *ladder) { l.logout.Immediate = false }, want: "byte 0 (immediate, opcode) is 0x6, want 0x46"},
		{name: "logout: reason", spoil: func(l *ladder) { l.logout.Reason = 1 }, want: "byte 1 (F, reason) is 0x81, want 0x80"},
		{name: "logout: CID", spoil: func(l *ladder) { l.logout.CID = 1 }, want: "CID and bytes 22-23"},
		{name: "logout: bytes 8-15", spoil: func(l *ladder) { l.set(l.logout, 8, 1) }, want: "bytes 8-15"},
		{name: "logout: ITT", spoil: func(l *ladder) { l.logout.ITT = 2 }, want: "ITT 0x00000002 was used before"},
		{name: "logout: ExpStatSN", spoil: func(l *ladder) { l.logout.ExpStatSN = 1 }, want: "ExpStatSN 0x00000001, want 0x00000002"},
		{name: "logout: too early", spoil: func(l *ladder) { l.drop(l.answer) }, want: "a second request while a Text Request is outstanding"},
		{name: "logout: early, but asked for", spoil: func(l *ladder) {
			l.drop(l.answer)
			l.after(l.on, &pdu.AsyncMessage{StatSN: 1, Event: pdu.AsyncLogout})
		}},
		{name: "logout: twice", spoil: func(l *ladder) { l.after(l.loggedOf, &pdu.LogoutRequest{}) }, want: "sent after the Logout Request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLadder()
			tt.spoil(l)
			err := l.audit(t)
			if tt.want == "" {
				if err != nil {
					t.Errorf("got %v, want nothing", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
