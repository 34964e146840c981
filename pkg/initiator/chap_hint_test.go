package initiator_test

import (
	"crypto/fips140"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestCHAPHint: what to do about CHAP that was refused.
func TestCHAPHint(t *testing.T) {
	t.Parallel()
	const (
		check  = "check the CHAP name and secret (--chap-user, --chap-secret)"
		tryMD5 = ": try MD5 alone (--chap-algorithms md5)"
		lio    = "; LIO misreads a CHAP name that begins with 0x or 0b: use another name"
	)
	named := func(name string) func(*login.Options) {
		return func(o *login.Options) { o.Username = name }
	}
	mutual := func(o *login.Options) {
		o.AuthType, o.TargetUsername, o.TargetPassword = login.MutualCHAP, scene.TargetUser, auth.NewSecret([]byte(scene.TargetSecret))
	}
	off := func(o *login.Options) { o.NoCHAPFallback = true }
	tests := []struct {
		name   string
		target *iscsitest.Target
		change func(*login.Options)
		hint   string // empty: none of the above
	}{
		{name: "SHA-256 refused", target: confused("7", 0x0201), change: off, hint: check + "; if they are right, the algorithm may be at fault (tgt computes SHA-1 under SHA-256's number)" + tryMD5},
		{name: "SHA-256 refused as too long", target: confused("7", 0x0200), change: off, hint: check + "; if they are right, the algorithm may be at fault (tgt computes SHA-1 under SHA-256's number)" + tryMD5},
		{name: "SHA3-256 refused", target: confused("8", 0x0201), change: off, hint: check + "; if they are right, the algorithm may be at fault (SCST before January 2026 computes an empty digest for SHA3-256)" + tryMD5},
		{name: "SHA-1 refused", target: confused("6", 0x0201), change: off, hint: check + "; if they are right, the algorithm may be at fault" + tryMD5},
		{name: "list refused", target: atKey("CHAP_A", "", refusal(0x0201)), change: off, hint: check + "; if they are right, the algorithm may be at fault (LIO before Linux 3.15 and some Synology models accept no list)" + tryMD5},
		{name: "list rejected", target: atKey("CHAP_A", "", reply("0", "CHAP_A=Reject")), change: off, hint: "check which CHAP algorithms the portal supports (--chap-algorithms)"},
		{name: "list answered with a word", target: atKey("CHAP_A", "", reply("0", "CHAP_A=None")), hint: "check which CHAP algorithms the portal supports (--chap-algorithms)"},
		{name: "a target without a proof", target: atKey("CHAP_R", "", reply("0>1")), change: mutual, hint: "check whether mutual CHAP is set up for discovery at the portal"},
		{name: "a target with another secret", target: provesWith("1234567890123456", "array"), change: mutual, hint: "check the secret with which the target authenticates (--target-secret)"},
		{name: "a target with another name", target: provesWith(scene.TargetSecret, "other"), change: mutual, hint: "check the name with which the target authenticates (--target-user)"},
		{name: "MD5 refused as an error of ours", target: confused("5", 0x0200), hint: check + ", and whether CHAP is set up for discovery at the portal"},
		{name: "MD5 rejected", target: atKey("CHAP_R", "5", reply("0", "CHAP_R=Reject")), hint: check},
		{name: "MD5 rejected, a name in hex", target: atKey("CHAP_R", "5", reply("0", "CHAP_R=Reject")), change: named("0xdisc"), hint: check + lio},
		{name: "MD5 refused", target: confused("5", 0x0201), change: off},
		{name: "authorization", target: confused("8", 0x0202), change: named("0xdisc")},
		{name: "a name in hex", target: confused("5", 0x0201), change: named("0xdisc"), hint: check + lio},
		{name: "a name in hex, upper case", target: confused("5", 0x0201), change: named("0Xdisc"), hint: check + lio},
		{name: "a name in base64", target: confused("5", 0x0201), change: named("0bdisc"), hint: check + lio},
		{name: "a name in hex, both tries", target: confused("", 0x0201), change: named("0xdisc"), hint: check + ", and whether CHAP is set up for discovery at the portal" + lio},
		{name: "a name with a zero", target: confused("5", 0x0201), change: named("0disc")},
		{name: "a name with x later", target: confused("5", 0x0201), change: named("10x")},
		{name: "a short name", target: confused("5", 0x0201), change: named("0")},
		{name: "a name in hex, not read", target: atKey("CHAP_A", "", refusal(0x0201)), change: func(o *login.Options) {
			o.Username, o.CHAPAlgorithms = "0xdisc", []auth.Algorithm{auth.MD5}
		}},
		{name: "no CHAP", target: atKey("AuthMethod", "", reply("0", "AuthMethod=Reject")), hint: "the portal does not use CHAP for discovery: ask it without CHAP, or let it choose (--chap-policy preferred)"},
		{name: "no CHAP for mutual", target: atKey("AuthMethod", "", reply("0", "AuthMethod=Reject")), hint: "the portal does not use CHAP for discovery: ask it without CHAP", change: func(o *login.Options) {
			o.AuthType, o.TargetPassword = login.MutualCHAP, auth.NewSecret([]byte(scene.TargetSecret))
		}},
		{name: "neither", target: atKey("AuthMethod", "", reply("0", "AuthMethod=Reject")), hint: "the portal accepts neither CHAP nor None: ask it without CHAP", change: func(o *login.Options) {
			o.CHAPPolicy = login.CHAPPreferred
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				p := scene.OneWay(scene.Portal(n, scene.Where, tt.target))
				if tt.change != nil {
					tt.change(&p.Login)
				}
				r, _ := discover(t, d, p)
				var e *initiator.Error
				if !errors.As(r.Err, &e) || tt.hint != "" && e.Hint != tt.hint || tt.hint == "" && (strings.Contains(e.Hint, "MD5") || strings.Contains(e.Hint, "LIO")) {
					t.Errorf("got  %v\nwant %s", r.Err, tt.hint)
				}
			})
		})
	}
}

// provesWith is a target that authenticates by a secret and a name.
func provesWith(secret, name string) *iscsitest.Target {
	t := scene.CHAPTarget("")
	t.MutualSecret, t.MutualUser = secret, name
	return t
}

// TestFallbackFIPS: where FIPS 140-3 is enforced MD5 is neither offered nor tried
// alone nor recommended.
func TestFallbackFIPS(t *testing.T) {
	t.Parallel()
	const inChild = "INITIATOR_TEST_FIPS"
	if os.Getenv(inChild) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFallbackFIPS$", "-test.count=1")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only", inChild+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if !fips140.Enforced() {
		t.Fatal("FIPS 140-3 is not enforced")
	}
	// No bubble of fake time: entropy is taken from the clock, and may take its time.
	n, d := iscsitest.NewNetwork(t), scene.NewDiscoverer()
	d.Dial, d.Timeout = n.Dial, 5*time.Minute
	r, _ := discover(t, d, scene.OneWay(scene.Portal(n, scene.Where, confused("8", 0x0201), scene.CHAPTarget(""))))
	scene.Judge(t, r.Err, badCHAP("authentication failure (0x0201)"))
	if got := chapOffers(n, scene.Where); len(got) != 1 || got[0] != "8,7" || strings.Contains(r.Err.Error(), "MD5") {
		t.Errorf("offers %q, error %v", got, r.Err)
	}
}
