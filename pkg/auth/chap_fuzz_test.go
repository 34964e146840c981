package auth_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// FuzzCHAPStep lets a target say anything at any step. It must not make us
// panic, nor log in by mutual CHAP without the response that its secret makes.
func FuzzCHAPStep(f *testing.F) {
	const (
		challenge = "CHAP_A=5\x00CHAP_I=1\x00CHAP_C=0x01\x00"
		proof     = "CHAP_N=t\x00CHAP_R=0x8cad01899be4e9fd6ef7dafc695d2534\x00"
	)
	for _, isMutual := range []bool{false, true} {
		f.Add(isMutual, []byte{}, []byte(challenge), []byte(proof))
		f.Add(isMutual, []byte{}, []byte(challenge), []byte{})
		f.Add(isMutual, []byte{}, []byte("CHAP_A=7\x00CHAP_I=0xff\x00CHAP_C=0bAQID\x00"), []byte(proof))
		f.Add(isMutual, []byte(challenge), []byte(challenge), []byte(proof))
		f.Add(isMutual, []byte{}, []byte{}, []byte{})
		f.Add(isMutual, []byte{}, []byte("CHAP_A=5\x00CHAP_I=1\x00CHAP_C=0xa0a1a2a3a4a5a6a7a8a9aaabacadaeaf\x00"), []byte("CHAP_R=\x00"))
	}
	f.Fuzz(func(t *testing.T, isMutual bool, first, second, third []byte) {
		c := oneWay()
		if isMutual {
			c = mutual()
		}
		var outstanding auth.Challenges
		c.Outstanding = &outstanding
		x := c.Begin()
		var keys map[string]string
		for i, in := range [][]byte{first, second} {
			out, last, err := x.Step(nil, in)
			if err != nil {
				if len(out) > 0 || last {
					t.Errorf("got %q, last %v with an error", out, last)
				}
				break
			}
			if keys = values(t, out); last != (i == 1) {
				t.Errorf("got last %v at step %d", last, i)
			}
		}
		err := x.Finish(third)
		if got := x.Outcome().Mutual; got != (isMutual && err == nil) {
			t.Errorf("got an outcome of mutual %v with error %v", got, err)
		}
		if err == nil {
			judgeSuccess(t, x.Outcome(), keys, third)
		}
		x.Close()
		if got := outstanding.Len(); got != 0 {
			t.Errorf("got %d challenges after Close, want none", got)
		}
	})
}

// judgeSuccess fails where the login should have.
func judgeSuccess(t *testing.T, outcome auth.Outcome, sent map[string]string, answer pdu.Text) {
	t.Helper()
	if sent["CHAP_R"] == "" {
		t.Error("logged in before we had answered")
	}
	if !outcome.Mutual {
		return
	}
	id, err := strconv.ParseUint(sent["CHAP_I"], 10, 8)
	if err != nil {
		t.Fatal(err)
	}
	challenge, err := pdu.AppendBinary(nil, []byte(sent["CHAP_C"]), 1024)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pdu.AppendBinary(nil, []byte(values(t, answer)["CHAP_R"]), 1024)
	want := respond(strconv.Itoa(int(outcome.Algorithm)), byte(id), targetSecret, challenge)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("logged in with response %x, %v, want %x", got, err, want)
	}
}
