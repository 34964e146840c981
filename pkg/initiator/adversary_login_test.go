package initiator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// badLogin is the outcome of a login that breaks the rules.
func badLogin(text string) scene.Outcome {
	return scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.LoginFailed, Text: text}
}

// TestAdversaryLogin: what a target may do wrong, or unusually, in the header and
// in the stages of a login.
func TestAdversaryLogin(t *testing.T) {
	t.Parallel()
	header := func(change func(m *pdu.LoginResponse)) []iscsitest.Step {
		return []iscsitest.Step{replyBut("1>3", nil, change)}
	}
	other := func(m pdu.PDU) []iscsitest.Step { return []iscsitest.Step{iscsitest.Send(m)} }
	const during = "it came during login"
	for _, a := range []adversary{
		{name: "at once", steps: []iscsitest.Step{reply("1>3")}, sent: 3},
		{name: "later", steps: []iscsitest.Step{reply("1"), reply("1"), reply("1>3")}, sent: 5},
		{name: "in pieces", steps: []iscsitest.Step{reply("1+"), reply("1+"), reply("1>3")}, sent: 5},
		{name: "back to security", steps: []iscsitest.Step{reply("0")}, sent: 1, want: badLogin("it is in SecurityNegotiation")},
		{name: "from security to the end", steps: []iscsitest.Step{reply("0>3")}, sent: 1, want: badLogin("it is in SecurityNegotiation")},
		{name: "in the phase to come", steps: []iscsitest.Step{reply("3")}, sent: 1, want: badLogin("it is in FullFeaturePhase")},
		{name: "on to the same stage", steps: []iscsitest.Step{reply("1>1")}, sent: 1, want: badLogin("goes on to LoginOperationalNegotiation")},
		{name: "on to the stage before", steps: []iscsitest.Step{reply("1>0")}, sent: 1, want: badLogin("goes on to SecurityNegotiation")},
		{name: "on to the reserved stage", steps: []iscsitest.Step{reply("1>2")}, sent: 1, want: badLogin("stage 2 is reserved")},
		{name: "back, later", steps: []iscsitest.Step{reply("1"), reply("0")}, sent: 2, want: badLogin("it is in SecurityNegotiation")},
		{name: "T and C together", steps: header(func(m *pdu.LoginResponse) { m.Continue = true }), sent: 1, want: badLogin("T and C together")},

		{name: "another version", steps: header(func(m *pdu.LoginResponse) { m.VersionMax, m.VersionActive = 1, 1 }), sent: 1, want: badLogin("it speaks another version")},
		{name: "another version, later", steps: []iscsitest.Step{reply("1"), header(func(m *pdu.LoginResponse) { m.VersionActive = 255 })[0]}, sent: 2, want: badLogin("it speaks another version")},
		{name: "a newer version known", steps: header(func(m *pdu.LoginResponse) { m.VersionMax = 9 }), sent: 3},
		{name: "another tag", steps: header(func(m *pdu.LoginResponse) { m.ITT++ }), sent: 1, want: badLogin("its task tag is not ours")},
		{name: "no tag", steps: header(func(m *pdu.LoginResponse) { m.ITT = pdu.NoTag }), sent: 1, want: badLogin("its task tag is not ours")},
		{name: "another ISID (gotgt)", steps: header(func(m *pdu.LoginResponse) { m.ISID = pdu.ISID{1, 2, 3} }), sent: 3},
		{name: "no TSIH", steps: header(func(m *pdu.LoginResponse) { m.TSIH = 0 }), sent: 3},
		{name: "a TSIH before the end", steps: []iscsitest.Step{replyBut("1", nil, func(m *pdu.LoginResponse) { m.TSIH = 77 }), reply("1>3")}, sent: 4},
		{name: "no command window", steps: header(func(m *pdu.LoginResponse) { m.ExpCmdSN, m.MaxCmdSN = 9, 1 }), sent: 3},
		{name: "StatSN at its end", steps: header(func(m *pdu.LoginResponse) { m.StatSN = 0xffffffff }), sent: 3},

		{name: "a status with text", steps: header(func(m *pdu.LoginResponse) { m.Status, m.Data = pdu.StatusNotFound, pdu.Text("\x1b[2J=\xff") }), sent: 1, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.NotFound}},
		{name: "a status with T to the end", steps: header(func(m *pdu.LoginResponse) { m.Status = pdu.StatusOutOfResources }), sent: 1, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.OutOfResources, Retry: true}},
		{name: "a status with a wrong tag", steps: header(func(m *pdu.LoginResponse) { m.Status, m.ITT, m.VersionActive = pdu.StatusUnsupportedVersion, 9, 9 }), sent: 1, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.UnsupportedVersion}},
		{name: "a status, later", steps: []iscsitest.Step{reply("1"), replyBut("1", nil, func(m *pdu.LoginResponse) { m.Status = pdu.StatusMissingParameter })}, sent: 2, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.MissingParameter}},

		{name: "the list", steps: other(&pdu.TextResponse{Final: true}), sent: 1, want: badLogin("Text Response breaks the protocol: " + during)},
		{name: "the end", steps: other(&pdu.LogoutResponse{}), sent: 1, want: badLogin(during)},
		{name: "a ping", steps: other(&pdu.NOPIn{TTT: 1}), sent: 1, want: badLogin(during)},
		{name: "an event", steps: other(&pdu.AsyncMessage{Event: pdu.AsyncLogout}), sent: 1, want: badLogin(during)},
		{name: "a reject", steps: other(&pdu.Reject{Reason: pdu.RejectProtocolError, Data: []byte("\x1b[2J")}), sent: 1, want: badLogin(during)},
	} {
		a.run(t)
	}
}

// TestAdversaryKeys: what a target may do with the keys of a login.
func TestAdversaryKeys(t *testing.T) {
	t.Parallel()
	then := func(pairs ...string) []iscsitest.Step { return []iscsitest.Step{reply("1", pairs...), reply("1>3")} }
	last := func(pairs ...string) []iscsitest.Step { return []iscsitest.Step{reply("1>3", pairs...)} }
	raw := func(text string) []iscsitest.Step {
		return []iscsitest.Step{replyBut("1>3", nil, func(m *pdu.LoginResponse) { m.Data = pdu.Text(text) })}
	}
	malformed := scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.InvalidTextKey, Text: "malformed text"}
	filler := "X#a" + strings.Repeat("a", 50) + "%d=" + strings.Repeat("v", 4000)
	var flood []iscsitest.Step
	for i := range 20 {
		flood = append(flood, reply("1", fmt.Sprintf(filler, i)))
	}
	for _, a := range []adversary{
		// The Auditor sees to it that each proposal is answered, and none too late.
		{name: "proposals", steps: then("MaxConnections=8", "InitialR2T=No", "ImmediateData=Yes", "MaxBurstLength=262144", "FirstBurstLength=65536",
			"MaxOutstandingR2T=1", "DataPDUInOrder=Yes", "DataSequenceInOrder=Yes", "ErrorRecoveryLevel=2", "DefaultTime2Wait=2", "DefaultTime2Retain=20", "TaskReporting=RFC3720"), sent: 4},
		{name: "obsolete proposals", steps: then("IFMarker=Yes", "OFMarker=Yes", "IFMarkInt=1~65535", "OFMarkInt=1~65535"), sent: 4},
		{name: "unknown keys", steps: then("X-com.example.a=1", "Whatever=", "Later=\xff\x1b[2J\n"), sent: 4},
		{name: "an unknown key of 63 bytes", steps: then(strings.Repeat("k", 63) + "=1"), sent: 4},
		{name: "late proposals", steps: last("MaxConnections=8", "X-com.example.a=1"), sent: 3},
		{name: "a late digest", steps: []iscsitest.Step{reply("1", "HeaderDigest=None", "DataDigest=None"), reply("1>3", "HeaderDigest=CRC32C")}, sent: 2, want: badLogin("it sends HeaderDigest twice")},
		{name: "a digest that we did not offer", steps: last("HeaderDigest=CRC32C"), sent: 1, want: badLogin("we offered None, the target chose CRC32C")},
		{name: "a key twice", steps: last("DataDigest=None", "DataDigest=None"), sent: 1, want: badLogin("it sends DataDigest twice")},
		{name: "a key twice, in two responses", steps: then("X-a=1", "X-a=1"), sent: 1, want: badLogin("it sends X-a twice")},
		{name: "an answer to nothing", steps: then("MaxConnections=Irrelevant"), sent: 1, want: badLogin("which we did not offer")},
		{name: "a key of initiators", steps: then("SendTargets=All"), sent: 1, want: badLogin("only initiators do")},
		{name: "CHAP from nowhere", steps: then("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x01"), sent: 1, want: badLogin("CHAP_A outside the security stage")},
		{name: "our key rejected", steps: then("SessionType=Reject"), sent: 1, want: badLogin("the target chose Reject")},
		{name: "a length below the least", steps: last("MaxRecvDataSegmentLength=511"), sent: 1, want: badLogin("not a legal value")},
		{name: "a length over the most", steps: last("MaxRecvDataSegmentLength=16777216"), sent: 1, want: badLogin("not a legal value")},
		{name: "a length of letters", steps: last("MaxRecvDataSegmentLength=\x1b[2J"), sent: 1, want: badLogin(`the target chose "\x1b[2J"`)},
		{name: "a portal group over the most", steps: last("TargetPortalGroupTag=65536"), sent: 1, want: badLogin("not a legal value")},

		{name: "NULs alone", steps: raw(strings.Repeat("\x00", pdu.DefaultMaxData)), sent: 3},
		{name: "no NUL", steps: raw("DataDigest=None"), sent: 1, want: malformed},
		{name: "no '='", steps: raw("rubbish\x00"), sent: 1, want: malformed},
		{name: "no key", steps: raw("=None\x00"), sent: 1, want: malformed},
		{name: "a key of 64 bytes", steps: raw(strings.Repeat("k", 64) + "=1\x00"), sent: 1, want: malformed},
		{name: "a key that is not ASCII", steps: raw("K\xff=1\x00"), sent: 1, want: malformed},
		{name: "a pair cut without C", steps: []iscsitest.Step{replyBut("1", nil, func(m *pdu.LoginResponse) { m.Data = pdu.Text("DataDigest") })}, sent: 1, want: malformed},
		{name: "more text than a login takes", steps: flood, sent: 17, want: badLogin("more than 65536 bytes of login text")},
	} {
		a.run(t)
	}
}

// TestAdversaryLoginCuts: the text of a login may be cut anywhere, in a key or in
// a value, and goes on behind C.
func TestAdversaryLoginCuts(t *testing.T) {
	t.Parallel()
	text := pdu.Text(iscsitest.Text("TargetPortalGroupTag=1", "HeaderDigest=CRC32C", "DataDigest=CRC32C", "MaxRecvDataSegmentLength=4096", "X-a=1"))
	for cut := range len(text) + 1 {
		piece := func(flags string, b pdu.Text) iscsitest.Step {
			return replyBut(flags, nil, func(m *pdu.LoginResponse) { m.Data = b })
		}
		adversary{
			name:  fmt.Sprint(cut),
			ask:   withDigests,
			steps: []iscsitest.Step{piece("1+", text[:cut]), piece("1", text[cut:]), reply("1>3")},
			sent:  5,
		}.run(t)
	}
}

// withDigests asks for both digests.
func withDigests(p initiator.SendTargetPortal) initiator.SendTargetPortal {
	p.Login.Specified |= login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
	p.Login.HeaderDigest, p.Login.DataDigest = login.DigestCRC32C, login.DigestCRC32C
	return p
}
