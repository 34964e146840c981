package initiator_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// badCHAP is the outcome of CHAP that was not done, or not well.
func badCHAP(text string) scene.Outcome {
	return scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.AuthenticationFailure, Text: text}
}

// checked sends a Login Response after a look at our response to a challenge.
func checked(algorithm string, id byte, challenge []byte) iscsitest.Step {
	return func(c *iscsitest.Conn) error {
		all := c.Requests()
		got := keysOf(all[len(all)-1].(*pdu.LoginRequest))["CHAP_R"]
		want := "0x" + hex.EncodeToString(iscsitest.CHAPResponse(algorithm, id, scene.CHAPSecret, challenge))
		if got != want {
			return fmt.Errorf("got CHAP_R %s, want %s", got, want)
		}
		return c.Send(&pdu.LoginResponse{Transit: true, NSG: pdu.LoginOperationalNegotiation})
	}
}

// TestAdversaryCHAPAlgorithms: each algorithm does, one-way and mutual.
func TestAdversaryCHAPAlgorithms(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []auth.Algorithm{auth.MD5, auth.SHA1, auth.SHA256, auth.SHA3_256} {
		for name, ask := range map[string]func(initiator.SendTargetPortal) initiator.SendTargetPortal{"one-way": scene.OneWay, "mutual": scene.Mutual} {
			target := one()
			target.User, target.Secret, target.MutualUser, target.MutualSecret = scene.CHAPUser, scene.CHAPSecret, scene.TargetUser, scene.TargetSecret
			target.Algorithm = strconv.Itoa(int(algorithm))
			adversary{name: fmt.Sprintf("%s, %s", algorithm, name), target: target, ask: ask, sent: 6, judge: func(t *testing.T, r initiator.Result) {
				if r.Auth.Algorithm != algorithm || r.Auth.Mutual != (name == "mutual") || len(r.Targets) != 1 {
					t.Errorf("result %+v", r)
				}
			}}.run(t)
		}
	}
}

// TestAdversaryCHAPChallenge: what a target may ask for, in which encodings and
// lengths, and what it may not.
func TestAdversaryCHAPChallenge(t *testing.T) {
	t.Parallel()
	method := reply("0", "AuthMethod=CHAP")
	challenge := make([]byte, 1025)
	for i := range challenge {
		challenge[i] = byte(i)
	}
	hexed := func(n int) string { return "CHAP_C=0x" + hex.EncodeToString(challenge[:n]) }
	based := func(n int) string { return "CHAP_C=0b" + base64.StdEncoding.EncodeToString(challenge[:n]) }
	type scenario struct {
		name  string
		pairs []string
		id    byte
		size  int // of the challenge, where the response is right
		want  scene.Outcome
	}
	var all []scenario
	for _, n := range []int{1, 2, 16, 17, 255, 1024} {
		all = append(all,
			scenario{name: fmt.Sprintf("%d bytes in hex", n), pairs: []string{"CHAP_A=5", "CHAP_I=7", hexed(n)}, id: 7, size: n},
			scenario{name: fmt.Sprintf("%d bytes in base64", n), pairs: []string{"CHAP_A=5", "CHAP_I=7", based(n)}, id: 7, size: n})
	}
	all = append(all, []scenario{
		{name: "digits in upper case", pairs: []string{"CHAP_A=5", "CHAP_I=0X0", strings.Replace(strings.ToUpper(hexed(16)), "0X", "0x", 1)}, size: 16},
		{name: "0X and 0B", pairs: []string{"CHAP_A=5", "CHAP_I=0xFF", strings.Replace(based(16), "0b", "0B", 1)}, id: 255, size: 16},
		{name: "in another order", pairs: []string{hexed(16), "CHAP_I=255", "CHAP_A=5"}, id: 255, size: 16},

		{name: "too long in hex", pairs: []string{"CHAP_A=5", "CHAP_I=7", hexed(1025)}, want: badCHAP("CHAP_C")},
		{name: "too long in base64", pairs: []string{"CHAP_A=5", "CHAP_I=7", based(1025)}, want: badCHAP("CHAP_C")},
		{name: "empty", pairs: []string{"CHAP_A=5", "CHAP_I=7", "CHAP_C="}, want: badCHAP("CHAP_C")},
		{name: "empty in hex", pairs: []string{"CHAP_A=5", "CHAP_I=7", "CHAP_C=0x"}, want: badCHAP("CHAP_C")},
		{name: "empty in base64", pairs: []string{"CHAP_A=5", "CHAP_I=7", "CHAP_C=0b"}, want: badCHAP("CHAP_C")},
		{name: "in decimal", pairs: []string{"CHAP_A=5", "CHAP_I=7", "CHAP_C=12345678"}, want: badCHAP("CHAP_C")},
		{name: "no hex digits", pairs: []string{"CHAP_A=5", "CHAP_I=7", "CHAP_C=0x\x1b[2J"}, want: badCHAP("CHAP_C")},
		{name: "no base64", pairs: []string{"CHAP_A=5", "CHAP_I=7", "CHAP_C=0b!!!!"}, want: badCHAP("CHAP_C")},
		{name: "base64 cut", pairs: []string{"CHAP_A=5", "CHAP_I=7", "CHAP_C=0bAAE"}, want: badCHAP("CHAP_C")},
		{name: "an identifier of two bytes", pairs: []string{"CHAP_A=5", "CHAP_I=256", hexed(16)}, want: badCHAP("CHAP_I")},
		{name: "an identifier below zero", pairs: []string{"CHAP_A=5", "CHAP_I=-1", hexed(16)}, want: badCHAP("CHAP_I")},
		{name: "no identifier", pairs: []string{"CHAP_A=5", hexed(16)}, want: badCHAP("CHAP_I")},
		{name: "no challenge", pairs: []string{"CHAP_A=5", "CHAP_I=7"}, want: badCHAP("CHAP_C")},
		{name: "no algorithm", pairs: []string{"CHAP_I=7", hexed(16)}, want: badCHAP("CHAP_A")},
		{name: "nothing", want: badCHAP("CHAP_A")},
		{name: "an algorithm that we did not offer", pairs: []string{"CHAP_A=4", "CHAP_I=7", hexed(16)}, want: badCHAP("the target chose 4")},
		{name: "several algorithms", pairs: []string{"CHAP_A=5,7", "CHAP_I=7", hexed(16)}, want: badCHAP("CHAP_A")},
		{name: "an algorithm of letters", pairs: []string{"CHAP_A=\x1b[2J\n", "CHAP_I=7", hexed(16)}, want: badCHAP("CHAP_A")},
		{name: "with a proof already", pairs: []string{"CHAP_A=5", "CHAP_I=7", hexed(16), "CHAP_N=x", "CHAP_R=0x00"}, want: badCHAP("not expected in this step")},
		{name: "a key twice", pairs: []string{"CHAP_A=5", "CHAP_A=5", "CHAP_I=7", hexed(16)}, want: badLogin("it sends CHAP_A twice")},
	}...)
	for _, s := range all {
		a := adversary{name: s.name, ask: scene.OneWay, want: s.want, sent: 2, steps: []iscsitest.Step{method, reply("0", s.pairs...)}}
		if s.want == (scene.Outcome{}) {
			a.steps, a.sent = append(a.steps, checked("5", s.id, challenge[:s.size])), 6
		}
		a.run(t)
	}
}

// TestAdversaryCHAPProof: what a target may say where it has to prove itself. What
// it does not prove costs it the rest of our login.
func TestAdversaryCHAPProof(t *testing.T) {
	t.Parallel()
	// proof answers our challenge by a secret, in a way that can be spoiled.
	proof := func(secret string, answer func(response []byte) []string) iscsitest.Step {
		return func(c *iscsitest.Conn) error {
			all := c.Requests()
			keys := keysOf(all[len(all)-1].(*pdu.LoginRequest))
			id, err := strconv.ParseUint(keys["CHAP_I"], 0, 8)
			if err != nil {
				return err
			}
			challenge, err := hex.DecodeString(strings.TrimPrefix(keys["CHAP_C"], "0x"))
			if err != nil {
				return err
			}
			pairs := answer(iscsitest.CHAPResponse("7", byte(id), secret, challenge))
			return c.Send(&pdu.LoginResponse{Transit: true, NSG: pdu.LoginOperationalNegotiation, Data: iscsitest.Text(pairs...)})
		}
	}
	with := func(user, value string) func([]byte) []string {
		return func([]byte) []string { return []string{"CHAP_N=" + user, "CHAP_R=" + value} }
	}
	inHex := func(r []byte) []string {
		return []string{"CHAP_N=" + scene.TargetUser, "CHAP_R=0x" + hex.EncodeToString(r)}
	}
	for _, s := range []struct {
		name   string
		secret string
		answer func([]byte) []string
		want   scene.Outcome
	}{
		{name: "in hex", secret: scene.TargetSecret, answer: inHex},
		{name: "in base64", secret: scene.TargetSecret, answer: func(r []byte) []string {
			return []string{"CHAP_R=0b" + base64.StdEncoding.EncodeToString(r), "CHAP_N=" + scene.TargetUser}
		}},
		{name: "by another secret", secret: "not-the-secret-1", answer: inHex, want: badCHAP("CHAP_R is wrong")},
		{name: "by our secret", secret: scene.CHAPSecret, answer: inHex, want: badCHAP("our secret instead of its own")},
		{name: "cut", secret: scene.TargetSecret, answer: func(r []byte) []string { return inHex(r[:31]) }, want: badCHAP("CHAP_R has 31 bytes")},
		{name: "longer", secret: scene.TargetSecret, answer: func(r []byte) []string { return inHex(append(r, 0)) }, want: badCHAP("CHAP_R has 33 bytes")},
		{name: "empty", answer: with(scene.TargetUser, ""), want: badCHAP("CHAP_R")},
		{name: "of 1025 bytes", answer: with(scene.TargetUser, "0x"+strings.Repeat("00", 1025)), want: badCHAP("CHAP_R")},
		{name: "no digits", answer: with(scene.TargetUser, "0x\x1b[2J"), want: badCHAP("CHAP_R")},
		{name: "of another", secret: scene.TargetSecret, answer: func(r []byte) []string { return append(inHex(r)[1:], "CHAP_N=another") }, want: badCHAP("CHAP_N")},
		{name: "of nobody", secret: scene.TargetSecret, answer: func(r []byte) []string { return append(inHex(r)[1:], "CHAP_N=") }, want: badCHAP("CHAP_N")},
		{name: "of control characters", secret: scene.TargetSecret, answer: func(r []byte) []string { return append(inHex(r)[1:], "CHAP_N=\x1b[2J\u202e\n") }, want: badCHAP("CHAP_N")},
		{name: "without a name", secret: scene.TargetSecret, answer: func(r []byte) []string { return inHex(r)[1:] }, want: badCHAP("CHAP_N is missing")},
		{name: "without a response", secret: scene.TargetSecret, answer: func(r []byte) []string { return inHex(r)[:1] }, want: badCHAP("CHAP_R is missing")},
		{name: "none", answer: func([]byte) []string { return nil }, want: badCHAP("CHAP_N is missing")},
		{name: "with a challenge", secret: scene.TargetSecret, answer: func(r []byte) []string { return append(inHex(r), "CHAP_I=1", "CHAP_C=0x00") }, want: badLogin("it sends CHAP_I twice")},
	} {
		a := adversary{
			name: s.name, ask: scene.Mutual, want: s.want, sent: 3,
			steps: []iscsitest.Step{reply("0", "AuthMethod=CHAP"), reply("0", "CHAP_A=7", "CHAP_I=1", "CHAP_C=0x0011223344556677"), proof(s.secret, s.answer)},
		}
		if s.want == (scene.Outcome{}) {
			a.sent, a.judge = 6, func(t *testing.T, r initiator.Result) {
				if !r.Auth.Mutual || len(r.Targets) != 1 {
					t.Errorf("result %+v", r)
				}
			}
		}
		a.run(t)
	}
}
