package iscsitest_test

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
	. "github.com/go-iscsi/discovery/test/iscsitest"
)

// TestAuditorAuth: which ways through the security stage are legal.
func TestAuditorAuth(t *testing.T) {
	t.Parallel()
	const (
		method    = "0 AuthMethod=CHAP"
		either    = "0 AuthMethod=CHAP,None"
		list      = "0 CHAP_A=8,7,6,5"
		asks      = "0 CHAP_A=7 CHAP_I=1 CHAP_C=0x01"
		response  = "0>1 CHAP_N=i CHAP_R=0x02"
		mutual    = response + " CHAP_I=2 CHAP_C=0x03"
		operation = "1>3 HeaderDigest=None"
	)
	tests := []struct {
		name  string
		rungs []string // requests and responses in turn, each "stage" or "stage>next", with its keys; "+": C
		want  string   // empty: nothing is wrong
	}{
		{name: "CHAP", rungs: []string{method, method, list, asks, response, "0>1", operation}},
		{name: "CHAP, T asked for again", rungs: []string{method, method, list, asks, "0 CHAP_N=i CHAP_R=0x02", "0", "0>1", "0>1", operation}},
		{name: "mutual CHAP", rungs: []string{method, method, list, asks, mutual, "0>1 CHAP_N=t CHAP_R=0x04", operation}},
		{name: "the challenge in pieces", rungs: []string{method, "0+ AuthMethod=CHAP", "0", "0", list, "0+ CHAP_A=7", "0", "0 CHAP_I=1 CHAP_C=0x01", response, "0>1", operation}},
		{name: "CHAP of both", rungs: []string{either, method, list, asks, response, "0>1", operation}},
		{name: "None of both", rungs: []string{either, "0 AuthMethod=None", "0>1", "0>1", operation}},
		{name: "None of both, at once", rungs: []string{"0>1 AuthMethod=CHAP,None", "0>1 AuthMethod=None", operation}},
		{name: "None of both, to the end", rungs: []string{either, "0 AuthMethod=None", "0>3", "0>3"}},
		{name: "None alone", rungs: []string{"0>1 AuthMethod=None", "0>1 AuthMethod=None", operation}},

		{name: "a method that is none", rungs: []string{"0 AuthMethod=chap", "0"}, want: `"chap" is no method`},
		{name: "a method twice", rungs: []string{"0 AuthMethod=CHAP,CHAP", "0"}, want: "CHAP stands in it twice"},
		{name: "an empty method", rungs: []string{"0 AuthMethod=CHAP,", "0"}, want: `"" is no method`},
		{name: "on after a refusal", rungs: []string{either, "0 AuthMethod=Reject", "0>1", "0>1"}, want: "no method was agreed on"},
		{name: "on after no answer", rungs: []string{either, "0", "0>1", "0>1"}, want: "no method was agreed on"},
		{name: "on with what was not offered", rungs: []string{method, "0 AuthMethod=None", "0>1", "0>1"}, want: "no method was agreed on"},
		{name: "on with both", rungs: []string{either, "0 AuthMethod=CHAP,None", list, asks}, want: "no method was agreed on"},
		{name: "a list with None", rungs: []string{either, "0 AuthMethod=None", list, "0"}, want: "CHAP was not chosen"},
		{name: "a list with the offer", rungs: []string{method + " CHAP_A=5", method}, want: "CHAP was not chosen"},
		{name: "no list", rungs: []string{method, method, "0", asks}, want: "no CHAP_A after CHAP was chosen"},
		{name: "CHAP skipped", rungs: []string{either, method, "0>1", "0>1", operation}, want: "left without a response"},
		{name: "CHAP skipped at the list", rungs: []string{method, method, "0>1 CHAP_A=5", "0>1", operation}, want: "left without a response"},
		{name: "CHAP skipped by the target", rungs: []string{"0>1 AuthMethod=CHAP", "0>1 AuthMethod=CHAP", operation}, want: "left without a response"},
		{name: "a response without a challenge", rungs: []string{method, method, list, "0 CHAP_A=7 CHAP_I=1", response, "0>1"}, want: "without the target's CHAP_C"},
		{name: "a response without a name", rungs: []string{method, method, list, asks, "0>1 CHAP_R=0x02", "0>1"}, want: "neither CHAP_A nor CHAP_N and CHAP_R"},
		{name: "a list with a response", rungs: []string{method, method, list + " CHAP_N=i CHAP_R=0x02", "0"}, want: "neither CHAP_A nor CHAP_N and CHAP_R, or both"},
		{name: "a list with a challenge", rungs: []string{method, method, list + " CHAP_I=2 CHAP_C=0x03", "0"}, want: "CHAP_A with other keys"},
		{name: "a challenge without an identifier", rungs: []string{method, method, list, asks, response + " CHAP_C=0x03", "0>1"}, want: "CHAP_I without CHAP_C"},
		{name: "no numbers", rungs: []string{method, method, "0 CHAP_A=md5", "0"}, want: "no list of algorithms"},
		{name: "an empty list", rungs: []string{method, method, "0 CHAP_A=", "0"}, want: "no list of algorithms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := authLadder(tt.rungs).audit(t)
			if tt.want == "" && err != nil {
				t.Errorf("got %v, want nothing", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

// authLadder is a login of such rungs. The first request has the keys that all
// logins begin with.
func authLadder(rungs []string) *ladder {
	l := &ladder{raw: make(map[pdu.PDU]func([]byte) []byte)}
	isid := pdu.RandomISID([5]byte{1, 2, 3, 4, 5})
	statSN := uint32(0)
	for i, rung := range rungs {
		fields := strings.Fields(rung)
		flags, more := strings.CutSuffix(fields[0], "+")
		csg, nsg := pdu.Stage(flags[0]-'0'), pdu.Stage(0)
		transit := len(flags) == 3
		if transit {
			nsg = pdu.Stage(flags[2] - '0')
		}
		keys := fields[1:]
		if i == 0 {
			keys = append([]string{"InitiatorName=iqn.2026-01.test:i", "SessionType=Discovery"}, keys...)
		}
		if i%2 == 0 {
			l.rungs = append(l.rungs, &pdu.LoginRequest{
				Transit: transit, CSG: csg, NSG: nsg, ISID: isid, ITT: 1, CmdSN: 7, ExpStatSN: statSN, Data: Text(keys...),
			})
			continue
		}
		if statSN == 0 {
			statSN = 100
		}
		l.rungs = append(l.rungs, &pdu.LoginResponse{Transit: transit, Continue: more, CSG: csg, NSG: nsg, StatSN: statSN, Data: Text(keys...)})
		statSN++
	}
	return l
}
