package auth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

const (
	secret       = "secret-secret12"
	targetSecret = "outsecret-1234"
)

// text joins pairs.
func text(pairs ...string) (t pdu.Text) {
	for _, p := range pairs {
		t = append(append(t, p...), 0)
	}
	return t
}

// oneWay and mutual are the settings that the tests start from. Our identifier
// is 0x63 and our challenge a0 a1 … there.
func oneWay() *auth.CHAP {
	return &auth.CHAP{User: "disc", Secret: auth.NewSecret([]byte(secret))}
}

func mutual() *auth.CHAP {
	c := oneWay()
	c.Mutual, c.TargetSecret = true, auth.NewSecret([]byte(targetSecret))
	random := []byte{0x63}
	for i := range 64 {
		random = append(random, byte(0xa0+i))
	}
	c.Rand = bytes.NewReader(random)
	return c
}

// step is a Step that must succeed.
func step(t *testing.T, x auth.Exchange, in pdu.Text, wantLast bool) pdu.Text {
	t.Helper()
	out, last, err := x.Step(nil, in)
	if err != nil {
		t.Fatal(err)
	}
	if last != wantLast {
		t.Fatalf("got last %v, want %v", last, wantLast)
	}
	return out
}

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
			if got := x.Outcome(); got != (auth.Outcome{Method: "CHAP", Algorithm: tt.algorithm, Mutual: true, TargetUser: "tgtout"}) {
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
					want := auth.Outcome{Method: "CHAP", Algorithm: algorithm, Mutual: isMutual}
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

// refusal says which error is wanted.
type refusal func(err error) bool

var accepted refusal

func key(name string) refusal {
	return func(err error) bool {
		var e *auth.KeyError
		return errors.As(err, &e) && e.Key == name
	}
}

func chosen(n uint64) refusal {
	return func(err error) bool {
		var e *auth.AlgorithmError
		return errors.As(err, &e) && e.Chosen == n
	}
}

func proof(name string) refusal {
	return func(err error) bool {
		var e *auth.ProofError
		return errors.As(err, &e) && e.Key == name
	}
}

func reflection(name string) refusal {
	return func(err error) bool {
		var e *auth.ReflectionError
		return errors.As(err, &e) && e.Key == name
	}
}

// judge compares an error with the one that is wanted, and its text with the
// rules for all of them.
func judge(t *testing.T, err error, want refusal) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	if err == nil || !want(err) {
		t.Fatalf("got %T %v, want another error", err, err)
	}
	s := err.Error()
	if !strings.HasPrefix(s, "auth: CHAP: ") || strings.Count(s, "auth: ") > 1 || strings.ContainsAny(s, "\n\x00\x1b") || strings.Contains(s, "pdu: ") {
		t.Errorf("got %q", s)
	}
	for _, leak := range []string{"evil", "secret-", "outsecret", hex.EncodeToString([]byte(secret))} {
		if strings.Contains(s, leak) {
			t.Errorf("the error shows %q: %s", leak, s)
		}
	}
}

func TestChallengeRefused(t *testing.T) {
	t.Parallel()
	const a, i, c = "CHAP_A=7", "CHAP_I=1", "CHAP_C=0x0102"
	hexOf := func(n int) string { return "CHAP_C=0x" + strings.Repeat("5a", n) }
	base64Of := func(n int) string {
		return "CHAP_C=0b" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0x5a}, n))
	}
	for _, tt := range []struct {
		name string
		in   pdu.Text
		want refusal
	}{
		{"right", text(a, i, c), accepted},
		{"in another order", text(c, a, i), accepted},
		{"no keys", nil, key("CHAP_A")},
		{"no CHAP_A", text(i, c), key("CHAP_A")},
		{"no CHAP_I", text(a, c), key("CHAP_I")},
		{"no CHAP_C", text(a, i), key("CHAP_C")},
		{"CHAP_A twice", text(a, i, c, a), key("CHAP_A")},
		{"CHAP_I twice", text(a, i, i, c), key("CHAP_I")},
		{"CHAP_C twice", text(a, i, c, "CHAP_C=0x03"), key("CHAP_C")},
		{"an empty CHAP_I, then another", text(a, "CHAP_I=", i, c), key("CHAP_I")},
		{"CHAP_N too early", text(a, i, c, "CHAP_N=evil"), key("CHAP_N")},
		{"CHAP_R too early", text(a, i, c, "CHAP_R=0x01"), key("CHAP_R")},
		{"an unknown CHAP key", text(a, i, c, "CHAP_evil=1"), key("")},
		{"a key in lower case", text("chap_a=7", i, c), key("")},
		{"malformed text", pdu.Text("CHAP_A=7\x00CHAP_I=1"), key("")},
		{"CHAP_A in hex", text("CHAP_A=0x7", i, c), accepted},
		{"CHAP_A not offered", text("CHAP_A=6", i, c), chosen(6)},
		{"CHAP_A unknown", text("CHAP_A=9", i, c), chosen(9)},
		{"CHAP_A 0", text("CHAP_A=0", i, c), chosen(0)},
		{"CHAP_A beyond a byte", text("CHAP_A=263", i, c), chosen(263)},
		{"CHAP_A rejected", text("CHAP_A=Reject", i, c), chosen(0)},
		{"CHAP_A a list", text("CHAP_A=7,5", i, c), key("CHAP_A")},
		{"CHAP_A a word", text("CHAP_A=evil", i, c), key("CHAP_A")},
		{"CHAP_A None", text("CHAP_A=None", i, c), key("CHAP_A")},
		{"CHAP_A empty", text("CHAP_A=", i, c), key("CHAP_A")},
		{"CHAP_A signed", text("CHAP_A=+7", i, c), key("CHAP_A")},
		{"CHAP_A with a leading zero", text("CHAP_A=07", i, c), key("CHAP_A")},
		{"CHAP_A with a blank", text("CHAP_A= 7", i, c), key("CHAP_A")},
		{"CHAP_I 0", text(a, "CHAP_I=0", c), accepted},
		{"CHAP_I 255", text(a, "CHAP_I=255", c), accepted},
		{"CHAP_I 256", text(a, "CHAP_I=256", c), key("CHAP_I")},
		{"CHAP_I 2^64", text(a, "CHAP_I=18446744073709551616", c), key("CHAP_I")},
		{"CHAP_I in hex", text(a, "CHAP_I=0xfF", c), accepted},
		{"CHAP_I 256 in hex", text(a, "CHAP_I=0x100", c), key("CHAP_I")},
		{"CHAP_I negative", text(a, "CHAP_I=-1", c), key("CHAP_I")},
		{"CHAP_I empty", text(a, "CHAP_I=", c), key("CHAP_I")},
		{"CHAP_I a word", text(a, "CHAP_I=evil", c), key("CHAP_I")},
		{"CHAP_C of 1 byte", text(a, i, hexOf(1)), accepted},
		{"CHAP_C of 1024 bytes", text(a, i, hexOf(1024)), accepted},
		{"CHAP_C of 1025 bytes", text(a, i, hexOf(1025)), key("CHAP_C")},
		{"CHAP_C of 1024 bytes and a half", text(a, i, hexOf(1024)+"5"), key("CHAP_C")},
		{"CHAP_C of 1024 bytes in base64", text(a, i, base64Of(1024)), accepted},
		{"CHAP_C of 1025 bytes in base64", text(a, i, base64Of(1025)), key("CHAP_C")},
		{"CHAP_C in upper case", text(a, i, "CHAP_C=0XABCDEF"), accepted},
		{"CHAP_C in upper-case base64", text(a, i, "CHAP_C=0BAQID"), accepted},
		{"CHAP_C of an odd count of digits", text(a, i, "CHAP_C=0x102"), accepted},
		{"CHAP_C empty", text(a, i, "CHAP_C="), key("CHAP_C")},
		{"CHAP_C empty in hex", text(a, i, "CHAP_C=0x"), key("CHAP_C")},
		{"CHAP_C empty in base64", text(a, i, "CHAP_C=0b"), key("CHAP_C")},
		{"CHAP_C padding alone", text(a, i, "CHAP_C=0b===="), key("CHAP_C")},
		{"CHAP_C decimal", text(a, i, "CHAP_C=1234"), key("CHAP_C")},
		{"CHAP_C with a bad digit", text(a, i, "CHAP_C=0x01evil"), key("CHAP_C")},
		{"CHAP_C with bad base64", text(a, i, "CHAP_C=0bevil!"), key("CHAP_C")},
		{"CHAP_C with base64 not padded", text(a, i, "CHAP_C=0bAQI"), key("CHAP_C")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := oneWay()
			m.Algorithms = []auth.Algorithm{auth.SHA256, auth.MD5}
			x := m.Begin()
			step(t, x, nil, false)
			out, last, err := x.Step(nil, tt.in)
			judge(t, err, tt.want)
			if (err == nil) != last || (err == nil) != (len(out) > 0) {
				t.Errorf("got last %v and %d bytes with error %v", last, len(out), err)
			}
			if err != nil {
				if _, _, again := x.Step(nil, text(a, i, c)); again != err {
					t.Errorf("the exchange went on: got %v, want %v", again, err)
				}
				if again := x.Finish(nil); again != err {
					t.Errorf("Finish: got %v, want %v", again, err)
				}
			}
		})
	}
}

// The odd digit of a challenge is its first byte.
func TestOddChallenge(t *testing.T) {
	t.Parallel()
	var responses []string
	for _, c := range []string{"CHAP_C=0x102", "CHAP_C=0x0102", "CHAP_C=0bAQI="} {
		x := oneWay().Begin()
		step(t, x, nil, false)
		responses = append(responses, string(step(t, x, text("CHAP_A=7", "CHAP_I=1", c), true)))
	}
	if responses[0] != responses[1] || responses[1] != responses[2] {
		t.Errorf("got %q, want all the same", responses)
	}
}

func TestEarlyKeysRefused(t *testing.T) {
	t.Parallel()
	x := oneWay().Begin()
	_, _, err := x.Step(nil, text("CHAP_A=7", "CHAP_I=1", "CHAP_C=0x0102"))
	judge(t, err, key("CHAP_A"))
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

func TestFinishRefused(t *testing.T) {
	t.Parallel()
	const (
		n     = "CHAP_N=tgtout"
		right = "e9708c3618936cfd751a29f0368824f4f154450e666562ea729910ea348e90de"
		r     = "CHAP_R=0x" + right
		sha1  = "CHAP_R=0x5970e174a3a07754a9b0f1d2b932a6f6131c8811"
		own   = "CHAP_R=0x511f0a4048ad35b7a601502bc6bee0950e80859fda7ccef9a2eda6807753ae8e"
		sent  = "CHAP_R=0x85c7ee6a8b02e8dfa0177bc689d92c8ecd94355d41d13067e40b0489484b3ab8"
	)
	raw, err := hex.DecodeString(right)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		in   pdu.Text
		want refusal
	}{
		{"right", text(n, r), accepted},
		{"in another order", text(r, n), accepted},
		{"in base64", text(n, "CHAP_R=0b"+base64.StdEncoding.EncodeToString(raw)), accepted},
		{"no keys", nil, proof("CHAP_N")},
		{"no CHAP_N", text(r), proof("CHAP_N")},
		{"no CHAP_R", text(n), proof("CHAP_R")},
		{"another CHAP_N", text("CHAP_N=evil", r), proof("CHAP_N")},
		{"our CHAP_N", text("CHAP_N=disc", r), proof("CHAP_N")},
		{"CHAP_N in upper case", text("CHAP_N=TGTOUT", r), proof("CHAP_N")},
		{"CHAP_N empty", text("CHAP_N=", r), key("CHAP_N")},
		{"CHAP_N of 255 bytes", text("CHAP_N="+strings.Repeat("n", 255), r), proof("CHAP_N")},
		{"CHAP_N of 256 bytes", text("CHAP_N="+strings.Repeat("n", 256), r), key("CHAP_N")},
		{"CHAP_N not UTF-8", text("CHAP_N=\xff\x1b[2J", r), key("CHAP_N")},
		{"CHAP_N twice", text(n, r, n), key("CHAP_N")},
		{"CHAP_R twice", text(n, r, r), key("CHAP_R")},
		{"CHAP_R wrong in its last bit", text(n, r[:len(r)-1]+"f"), proof("CHAP_R")},
		{"CHAP_R wrong in its first bit", text(n, "CHAP_R=0x69"+right[2:]), proof("CHAP_R")},
		{"CHAP_R all zeros", text(n, "CHAP_R=0x"+strings.Repeat("0", 64)), proof("CHAP_R")},
		{"CHAP_R too short", text(n, r[:len(r)-2]), proof("CHAP_R")},
		{"CHAP_R too long", text(n, r+"00"), proof("CHAP_R")},
		{"CHAP_R of 1 byte", text(n, "CHAP_R=0xe9"), proof("CHAP_R")},
		{"CHAP_R of 1024 bytes", text(n, "CHAP_R=0x"+strings.Repeat("e9", 1024)), proof("CHAP_R")},
		{"CHAP_R of 1025 bytes", text(n, "CHAP_R=0x"+strings.Repeat("e9", 1025)), key("CHAP_R")},
		{"CHAP_R with zeros in front", text(n, "CHAP_R=0x00"+right), proof("CHAP_R")},
		{"CHAP_R of another algorithm", text(n, sha1), proof("CHAP_R")},
		{"CHAP_R empty", text(n, "CHAP_R="), key("CHAP_R")},
		{"CHAP_R empty in hex", text(n, "CHAP_R=0x"), key("CHAP_R")},
		{"CHAP_R without its prefix", text(n, "CHAP_R="+right), key("CHAP_R")},
		{"CHAP_R with a bad digit", text(n, "CHAP_R=0xevil"), key("CHAP_R")},
		{"CHAP_R by our secret", text(n, own), reflection("CHAP_R")},
		{"CHAP_R as we sent it", text(n, sent), proof("CHAP_R")},
		{"another challenge", text(n, r, "CHAP_C=0x01"), key("CHAP_C")},
		{"an identifier", text(n, r, "CHAP_I=1"), key("CHAP_I")},
		{"an algorithm", text(n, r, "CHAP_A=7"), key("CHAP_A")},
		{"an unknown CHAP key", text(n, r, "CHAP_evil=1"), key("")},
		{"malformed text", append(text(n, r), "evil"...), key("")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := mutual()
			c.TargetUser = "tgtout"
			x := c.Begin()
			defer x.Close()
			step(t, x, nil, false)
			step(t, x, text("CHAP_A=7", "CHAP_I=0x2a", "CHAP_C=0x101112131415161718191a1b1c1d1e1f"), true)
			err := x.Finish(tt.in)
			judge(t, err, tt.want)
			if got := x.Outcome().Mutual; got != (err == nil) {
				t.Errorf("got an outcome of mutual %v with error %v", got, err)
			}
			if err != nil {
				if again := x.Finish(text(n, r)); again != err {
					t.Errorf("a second try: got %v, want %v", again, err)
				}
			} else {
				judge(t, x.Finish(text(n, r)), key("CHAP_N"))
			}
		})
	}
}

func TestAnyTargetUser(t *testing.T) {
	t.Parallel()
	x := mutual().Begin()
	defer x.Close()
	step(t, x, nil, false)
	step(t, x, text("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x01"), true)
	if err := x.Finish(text("CHAP_N=who=ever you\tare", "CHAP_R=0x8cad01899be4e9fd6ef7dafc695d2534")); err != nil {
		t.Fatal(err)
	}
	if got, want := x.Outcome().TargetUser, "who=ever you\tare"; got != want {
		t.Errorf("got %q, want %q", got, want)
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

func TestOneWayWantsNoProof(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]refusal{"": accepted, "CHAP_N": key("CHAP_N"), "CHAP_R": key("CHAP_R"), "CHAP_C": key("CHAP_C")} {
		x := oneWay().Begin()
		step(t, x, nil, false)
		step(t, x, text("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x01"), true)
		var in pdu.Text
		if name != "" {
			in = text(name + "=0x01")
		}
		judge(t, x.Finish(in), want)
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
