package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestLoginKeys: what a target may say in the operational stage, and what we
// answer.
func TestLoginKeys(t *testing.T) {
	t.Parallel()
	const twice = breaks + "it sends %s twice"
	tests := []struct {
		name  string
		keys  []string
		reply string // what we answer
		err   string
	}{
		{name: "none"},
		{name: "declarations", keys: []string{"TargetPortalGroupTag=1", "TargetAlias=\xff any \x1b", "TargetAddress=192.0.2.1", "MaxRecvDataSegmentLength=8192"}},
		{name: "addresses", keys: []string{"TargetAddress=192.0.2.1", "TargetAddress=192.0.2.1"}},
		{name: "a name", keys: []string{"TargetName=iqn.2026-11.com.example:t"}},
		{name: "X#", keys: []string{"X#NodeArchitecture=none", "X#com.example=1"}},
		{name: "X#, answered", keys: []string{"X#NodeArchitecture=Reject"}, err: breaks + "it answers X#NodeArchitecture, which we did not offer"},

		{name: "unknown", keys: []string{"X-com.example.key=1", "Whatever=", "iSCSIFuture=2"}, reply: "X-com.example.key=NotUnderstood Whatever=NotUnderstood iSCSIFuture=NotUnderstood"},
		{name: "irrelevant", keys: []string{
			"MaxConnections=8", "InitialR2T=No", "ImmediateData=Yes", "MaxBurstLength=262144", "FirstBurstLength=65536",
			"MaxOutstandingR2T=1", "DataPDUInOrder=Yes", "DataSequenceInOrder=Yes", "TaskReporting=RFC3720",
		}, reply: "MaxConnections=Irrelevant InitialR2T=Irrelevant ImmediateData=Irrelevant MaxBurstLength=Irrelevant FirstBurstLength=Irrelevant " +
			"MaxOutstandingR2T=Irrelevant DataPDUInOrder=Irrelevant DataSequenceInOrder=Irrelevant TaskReporting=Irrelevant"},
		{name: "obsolete", keys: []string{"IFMarker=Yes", "OFMarker=No", "IFMarkInt=2048~8192", "OFMarkInt=1"}, reply: "IFMarker=Reject OFMarker=Reject IFMarkInt=Reject OFMarkInt=Reject"},
		{name: "recovery", keys: []string{"ErrorRecoveryLevel=2", "DefaultTime2Wait=3600", "DefaultTime2Retain=20"}, reply: "ErrorRecoveryLevel=0 DefaultTime2Wait=3600 DefaultTime2Retain=0"},
		{name: "recovery in hex", keys: []string{"DefaultTime2Wait=0xA"}, reply: "DefaultTime2Wait=10"},
		{name: "a long wait", keys: []string{"DefaultTime2Wait=3601"}, err: "DefaultTime2Wait: the target chose 3601, which is not a legal value"},
		{name: "level 2", keys: []string{"iSCSIProtocolLevel=2"}, reply: "iSCSIProtocolLevel=1"},
		{name: "level 0", keys: []string{"iSCSIProtocolLevel=0"}, reply: "iSCSIProtocolLevel=0"},
		{name: "level 32", keys: []string{"iSCSIProtocolLevel=32"}, err: "iSCSIProtocolLevel: the target chose 32, which is not a legal value"},

		{name: "an answer to nothing", keys: []string{"MaxConnections=Irrelevant"}, err: breaks + "it answers MaxConnections, which we did not offer"},
		{name: "another", keys: []string{"X-a=NotUnderstood"}, err: breaks + "it answers X-a, which we did not offer"},
		{name: "a proposal of Reject", keys: []string{"ErrorRecoveryLevel=Reject"}, err: breaks + "it answers ErrorRecoveryLevel, which we did not offer"},

		{name: "our name rejected", keys: []string{"InitiatorName=Reject"}, err: "InitiatorName: we offered it, the target chose Reject"},
		{name: "our type not understood", keys: []string{"SessionType=NotUnderstood"}, err: "SessionType: we offered it, the target chose NotUnderstood"},
		{name: "our name", keys: []string{"InitiatorName=" + name}, err: breaks + "it sends InitiatorName, which only initiators do"},
		{name: "SendTargets", keys: []string{"SendTargets=All"}, err: breaks + "it sends SendTargets, which only initiators do"},
		{name: "an alias for us", keys: []string{"InitiatorAlias=x"}, err: breaks + "it sends InitiatorAlias, which only initiators do"},

		{name: "AuthMethod", keys: []string{"AuthMethod=None"}, err: breaks + "AuthMethod outside the security stage"},
		{name: "CHAP", keys: []string{"CHAP_A=5"}, err: breaks + "CHAP_A outside the security stage"},
		{name: "CHAP of another kind", keys: []string{"CHAP_Z=5"}, err: breaks + "CHAP_Z outside the security stage"},

		{name: "twice", keys: []string{"HeaderDigest=None", "HeaderDigest=None"}, err: fmt.Sprintf(twice, "HeaderDigest")},
		{name: "twice, an own one", keys: []string{"X-a=1", "X-b=1", "X-a=1"}, err: fmt.Sprintf(twice, "X-a")},
		{name: "twice, a tag", keys: []string{"TargetPortalGroupTag=1", "TargetPortalGroupTag=1"}, err: fmt.Sprintf(twice, "TargetPortalGroupTag")},
		{name: "other case is another key", keys: []string{"headerdigest=None"}, reply: "headerdigest=NotUnderstood"},

		{name: "a tag too large", keys: []string{"TargetPortalGroupTag=65536"}, err: "TargetPortalGroupTag: the target chose 65536, which is not a legal value"},
		{name: "a tag of letters", keys: []string{"TargetPortalGroupTag=\x1b[2J\n"}, err: `TargetPortalGroupTag: the target chose "\x1b[2J\n", which is not a legal value`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := logIn(t, config(), says("1", tt.keys...), says("1>3"))
			judge(t, l.err, tt.err)
			if tt.err != "" {
				return
			}
			if want := strings.TrimSpace("1>3 " + tt.reply); !l.done || l.sent[1] != want {
				t.Errorf("done %t\ngot  %s\nwant %s", l.done, l.sent[1], want)
			}
			// Once the target has left the stage, nothing is answered any more.
			if l := logIn(t, config(), says("1>3", tt.keys...)); !l.done || len(l.sent) != 1 {
				t.Errorf("at once: done %t, requests %q, error %v", l.done, l.sent, l.err)
			}
		})
	}
}

// TestLoginKeysTwice: a key may not come again in another response either, over
// the C bit, in another stage, or after many others.
func TestLoginKeysTwice(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("X#%d=1", i))
	}
	tests := []struct {
		name    string
		chap    bool
		replies []reply
	}{
		{name: "in the next response", replies: []reply{says("1", "X#0=1"), says("1>3", "X#0=1")}},
		{name: "over the C bit", replies: []reply{says("1+", "X#0=1"), says("1>3", "X#0=1")}},
		{name: "after an answer", replies: []reply{says("1", "MaxBurstLength=512", "X#0=1"), says("1", "X#0=2")}},
		{name: "in another stage", chap: true, replies: []reply{says("0", "AuthMethod=CHAP", "X#0=1"), says("0", challenge()...), says("0>1"), says("1>3", "X#0=1")}},
		{name: "after many", replies: []reply{says("1", many...), says("1>3", "X#0=1")}},
		{name: "after many, the last", replies: []reply{says("1", many...), says("1", "X#0=2")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := config()
			if tt.chap {
				cfg = withCHAP(cfg, oneWay())
			}
			judge(t, logIn(t, cfg, tt.replies...).err, breaks+"it sends X#0 twice")
		})
	}
}

// TestLoginKeysSecurity: what a target may say in the security stage.
func TestLoginKeysSecurity(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		keys  []string
		reply string
		err   string
	}{
		{name: "declarations", keys: []string{"TargetPortalGroupTag=1", "TargetAlias=x", "TargetAddress=192.0.2.1", "X#a=1"}},
		{name: "a length, which may come at any time", keys: []string{"MaxRecvDataSegmentLength=512"}},
		{name: "unknown", keys: []string{"X-a=1"}, reply: "X-a=NotUnderstood "},
		{name: "HeaderDigest", keys: []string{"HeaderDigest=None"}, err: breaks + "HeaderDigest in the security stage"},
		{name: "DataDigest", keys: []string{"DataDigest=None"}, err: breaks + "DataDigest in the security stage"},
		{name: "MaxConnections", keys: []string{"MaxConnections=1"}, err: breaks + "MaxConnections in the security stage"},
		{name: "ErrorRecoveryLevel", keys: []string{"ErrorRecoveryLevel=0"}, err: breaks + "ErrorRecoveryLevel in the security stage"},
		{name: "IFMarker", keys: []string{"IFMarker=No"}, err: breaks + "IFMarker in the security stage"},
		{name: "iSCSIProtocolLevel", keys: []string{"iSCSIProtocolLevel=1"}, err: breaks + "iSCSIProtocolLevel in the security stage"},
		{name: "SessionType", keys: []string{"SessionType=Discovery"}, err: breaks + "it sends SessionType, which only initiators do"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := logIn(t, withCHAP(config(), oneWay()), says("0", append([]string{"AuthMethod=CHAP"}, tt.keys...)...))
			judge(t, l.err, tt.err)
			if tt.err != "" {
				return
			}
			if want := "0 " + tt.reply + "CHAP_A=5"; l.sent[1] != want {
				t.Errorf("got  %s\nwant %s", l.sent[1], want)
			}
		})
	}
}

// TestLoginProposals: a target cannot make us answer more than a request holds.
func TestLoginProposals(t *testing.T) {
	t.Parallel()
	keys := func(n int) (keys []string) {
		for i := range n {
			keys = append(keys, fmt.Sprintf("%0*d=", pdu.MaxKeyLen, i))
		}
		return keys
	}
	l := logIn(t, config(), says("1", keys(64)...), says("1>3"))
	if !l.done || strings.Count(l.sent[1], "=NotUnderstood") != 64 {
		t.Errorf("64: done %t, error %v", l.done, l.err)
	}
	l = logIn(t, config(), says("1", keys(65)...))
	judge(t, l.err, "the target sent more than 64 proposals at once")
	// In a login the bound is that on its text.
	l = logIn(t, config(), says("1", keys(64)...), says("1", "a="), says("1", "b="), says("1>3"))
	if !l.done {
		t.Error(l.err)
	}
}

// TestLoginDeclarations: numbers that a target declares, in decimal and hex, and
// in either stage.
func TestLoginDeclarations(t *testing.T) {
	t.Parallel()
	illegal := func(value string) string {
		return "MaxRecvDataSegmentLength: the target chose " + value + ", which is not a legal value"
	}
	tests := []struct {
		name, value string
		want        int
		err         string
	}{
		{name: "least", value: "512", want: 512},
		{name: "most", value: "16777215", want: 16777215},
		{name: "hex", value: "0x2000", want: 8192},
		{name: "upper-case hex", value: "0XFFFFFF", want: 16777215},
		{name: "too small", value: "511", err: illegal("511")},
		{name: "too large", value: "16777216", err: illegal("16777216")},
		{name: "zero", value: "0", err: illegal("0")},
		{name: "beyond 64 bits", value: "18446744073709551616", err: illegal("18446744073709551616")},
		{name: "negative", value: "-1", err: illegal("-1")},
		{name: "leading zero", value: "08192", err: illegal("08192")},
		{name: "a range", value: "512~1024", err: illegal("512~1024")},
		{name: "a list", value: "512,1024", err: illegal("512,1024")},
		{name: "empty", value: "", err: "MaxRecvDataSegmentLength: the target chose \"\", which is not a legal value"},
		{name: "Irrelevant", value: "Irrelevant", err: illegal("Irrelevant")},
		{name: "NotUnderstood", value: "NotUnderstood", err: illegal("NotUnderstood")},
		{name: "long", value: strings.Repeat("9", 300), err: illegal(`"` + strings.Repeat("9", 64) + `"…`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := logIn(t, config(), says("1>3", "MaxRecvDataSegmentLength="+tt.value))
			judge(t, l.err, tt.err)
			if tt.err == "" && l.result.MaxRecvDataSegmentLength != tt.want {
				t.Errorf("got %d, want %d", l.result.MaxRecvDataSegmentLength, tt.want)
			}
		})
	}
	l := logIn(t, config(), says("1>3"))
	want := session.LoginResult{MaxRecvDataSegmentLength: 8192, PortalGroupTag: -1, Rounds: 1}
	if diff := cmp.Diff(want, l.result); diff != "" {
		t.Errorf("nothing declared (-want +got):\n%s", diff)
	}
	for value, want := range map[string]int{"0": 0, "65535": 65535, "0xff": 255} {
		if l := logIn(t, config(), says("1>3", "TargetPortalGroupTag="+value)); l.result.PortalGroupTag != want {
			t.Errorf("tag %s: got %d, error %v", value, l.result.PortalGroupTag, l.err)
		}
	}
}
