package auth_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

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
		{"CHAP_R rejected", text("CHAP_R=Reject"), rejected("CHAP_R", "Reject")},
		{"CHAP_R not understood", text("CHAP_R=NotUnderstood"), rejected("CHAP_R", "NotUnderstood")},
		{"CHAP_N rejected, with a response", text("CHAP_N=Reject", r), rejected("CHAP_N", "Reject")},
		{"CHAP_C irrelevant", text(n, "CHAP_C=Irrelevant"), rejected("CHAP_C", "Irrelevant")},
		{"CHAP_A rejected late", text("CHAP_A=Reject"), rejected("CHAP_A", "Reject")},
		{"an unknown key rejected", text("CHAP_evil=Reject"), key("")},
		{"CHAP_R rejected in lower case", text(n, "CHAP_R=reject"), key("CHAP_R")},
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

// A target that rejects our response, or before it all algorithms, says so also
// where CHAP is one-way, and where it leaves the stage with that.
func TestRejected(t *testing.T) {
	t.Parallel()
	x := oneWay().Begin()
	judge(t, x.Finish(text("CHAP_A=Reject")), proof("")) // nothing was offered yet
	x = oneWay().Begin()
	step(t, x, nil, false)
	judge(t, x.Finish(text("CHAP_A=Reject")), rejectedAll("Reject"))
	x = oneWay().Begin()
	step(t, x, nil, false)
	judge(t, x.Finish(text("CHAP_R=Reject")), proof("")) // we had not responded yet
	x = oneWay().Begin()
	step(t, x, nil, false)
	step(t, x, text("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x01"), true)
	judge(t, x.Finish(text("CHAP_R=Reject")), rejected("CHAP_R", "Reject"))
}

// The target's length is told, since it tells which hash the target means.
func TestWrongLength(t *testing.T) {
	t.Parallel()
	x := mutual().Begin()
	defer x.Close()
	step(t, x, nil, false)
	step(t, x, text("CHAP_A=7", "CHAP_I=1", "CHAP_C=0x01"), true)
	err := x.Finish(text("CHAP_N=t", "CHAP_R=0x5970e174a3a07754a9b0f1d2b932a6f6131c8811"))
	const want = "CHAP: the target did not authenticate: CHAP_R has 20 bytes, but sha256 makes 32"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
