package auth_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

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
		{"CHAP_A rejected", text("CHAP_A=Reject"), rejectedAll("Reject")},
		{"CHAP_A rejected, with CHAP_I", text("CHAP_A=Reject", i), rejectedAll("Reject")},
		{"CHAP_A rejected, with a challenge", text("CHAP_A=Reject", i, c), rejectedAll("Reject")},
		{"CHAP_A not understood", text("CHAP_A=NotUnderstood"), rejectedAll("NotUnderstood")},
		{"CHAP_A irrelevant", text("CHAP_A=Irrelevant"), rejectedAll("Irrelevant")},
		{"CHAP_A rejected twice", text("CHAP_A=Reject", "CHAP_A=Reject"), key("CHAP_A")},
		{"CHAP_A rejected in lower case", text("CHAP_A=reject", i, c), key("CHAP_A")},
		{"CHAP_C rejected", text(a, i, "CHAP_C=Reject"), key("CHAP_C")},
		{"CHAP_A a list", text("CHAP_A=7,5", i, c), key("CHAP_A")},
		{"CHAP_A a word", text("CHAP_A=evil", i, c), key("CHAP_A")},
		{"CHAP_A None", text("CHAP_A=None", i, c), key("CHAP_A")},
		{"CHAP_A None alone", text("CHAP_A=None"), key("CHAP_A")},
		{"CHAP_A not offered, alone", text("CHAP_A=9"), chosen(9)},
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
