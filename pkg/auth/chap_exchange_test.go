package auth_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// The responses were computed with OpenSSL and Python.
func TestKeysOnTheWire(t *testing.T) {
	t.Parallel()
	const ours = "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
	for _, tt := range []struct {
		algorithm    auth.Algorithm
		response     string // of ours
		challenge    string // of ours
		targetProves string
	}{
		{auth.MD5, "8cdbcbe124c5b229ac3f06093cf2f2b6", ours[:32], "8cad01899be4e9fd6ef7dafc695d2534"},
		{auth.SHA1, "d9cae7f0d7c7e424df9602c339abc2d8292e078f", ours[:40], "5970e174a3a07754a9b0f1d2b932a6f6131c8811"},
		{
			auth.SHA256, "85c7ee6a8b02e8dfa0177bc689d92c8ecd94355d41d13067e40b0489484b3ab8", ours,
			"e9708c3618936cfd751a29f0368824f4f154450e666562ea729910ea348e90de",
		},
		{
			auth.SHA3_256, "7c1c0bdb400488af19c337d1183c5feeab7b2bb497c7c4a89638ffee9ac87c1f", ours,
			"3672cd8e0e53afc22221fa7ddb85a429a10342fbcbe78aaad4f5a3fe6732f539",
		},
	} {
		t.Run(tt.algorithm.String(), func(t *testing.T) {
			t.Parallel()
			x := mutual().Begin()
			defer x.Close()
			if got, want := step(t, x, nil, false), text("CHAP_A=8,7,6,5"); !bytes.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if got := x.Outcome(); got != (auth.Outcome{Method: "CHAP"}) {
				t.Errorf("got %+v before anything was agreed on", got)
			}
			got := step(t, x, text(
				fmt.Sprintf("CHAP_A=%d", tt.algorithm), "CHAP_I=0x2a", "CHAP_C=0x101112131415161718191A1B1c1d1e1f"), true)
			want := text("CHAP_N=disc", "CHAP_R=0x"+tt.response, "CHAP_I=99", "CHAP_C=0x"+tt.challenge)
			if !bytes.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if got := x.Outcome(); got != (auth.Outcome{Method: "CHAP", Algorithm: tt.algorithm}) {
				t.Errorf("got %+v before the target proved itself", got)
			}
			if err := x.Finish(text("CHAP_N=tgtout", "CHAP_R=0X"+strings.ToUpper(tt.targetProves))); err != nil {
				t.Error(err)
			}
			if got := x.Outcome(); got != (auth.Outcome{Method: "CHAP", Done: true, Algorithm: tt.algorithm, Mutual: true, TargetUser: "tgtout"}) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// Both ways against a target that computes for itself, with random challenges.
func TestAgainstTarget(t *testing.T) {
	t.Parallel()
	for _, algorithm := range auth.DefaultAlgorithms() {
		for _, isMutual := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s mutual %v", algorithm, isMutual), func(t *testing.T) {
				t.Parallel()
				c := oneWay()
				c.Algorithms = []auth.Algorithm{algorithm}
				if isMutual {
					c.Mutual, c.TargetSecret, c.TargetUser = true, auth.NewSecret([]byte(targetSecret)), "tgtout"
				}
				target := &target{user: "disc", secret: secret, name: "tgtout", ownSecret: targetSecret}
				for range 3 { // runs of one Method share nothing
					x := c.Begin()
					challenge := target.challenge(t, step(t, x, text(), false))
					proof := target.prove(t, step(t, x, challenge, true))
					if err := x.Finish(proof); err != nil {
						t.Fatal(err)
					}
					if err := x.Finish(nil); err != nil {
						t.Errorf("a second Finish: %v", err)
					}
					want := auth.Outcome{Method: "CHAP", Done: true, Algorithm: algorithm, Mutual: isMutual}
					if isMutual {
						want.TargetUser = "tgtout"
					}
					if got := x.Outcome(); got != want {
						t.Errorf("got %+v, want %+v", got, want)
					}
					x.Close()
					x.Close()
				}
			})
		}
	}
}

func TestStepAppends(t *testing.T) {
	t.Parallel()
	x := oneWay().Begin()
	out, _, err := x.Step(text("X=y"), nil)
	if want := text("X=y", "CHAP_A=8,7,6,5"); err != nil || !bytes.Equal(out, want) {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
	in := text("CHAP_A=5", "CHAP_I=1")
	if out, _, err = x.Step(text("X=y"), in); err == nil || !bytes.Equal(out, text("X=y")) {
		t.Errorf("got %q, %v, want the reply as it was, and an error", out, err)
	}
}

func TestStepAfterLast(t *testing.T) {
	t.Parallel()
	x := oneWay().Begin()
	step(t, x, nil, false)
	step(t, x, text("CHAP_A=7", "CHAP_I=1", "CHAP_C=0x0102"), true)
	if _, _, err := x.Step(nil, text("CHAP_A=7", "CHAP_I=1", "CHAP_C=0x0102")); err == nil {
		t.Error("got one more response, want an error")
	}
	if err := x.Finish(nil); err == nil {
		t.Error("Finish: got no error")
	}
}

// A target must not skip CHAP, nor prove what it was not asked for.
func TestSkipped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		c    func() *auth.CHAP
	}{{"one-way", oneWay}, {"mutual", mutual}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := tt.c().Begin()
			judge(t, x.Finish(nil), proof(""))
			x = tt.c().Begin()
			step(t, x, nil, false)
			judge(t, x.Finish(nil), proof(""))
			if _, _, err := x.Step(nil, text("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x01")); err == nil {
				t.Error("the exchange went on after it had failed")
			}
		})
	}
}

func TestRandomFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	c := mutual()
	c.Rand = iotest.ErrReader(broken)
	x := c.Begin()
	step(t, x, nil, false)
	if _, _, err := x.Step(nil, text("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x01")); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	x := mutual().Begin()
	step(t, x, nil, false)
	step(t, x, text("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x01"), true)
	x.Close()
	if err := x.Finish(text("CHAP_N=t", "CHAP_R=0x8cad01899be4e9fd6ef7dafc695d2534")); err == nil {
		t.Error("a closed exchange finished")
	}
	x = mutual().Begin()
	x.Close()
	if _, _, err := x.Step(nil, nil); err == nil {
		t.Error("a closed exchange took a step")
	}
}
