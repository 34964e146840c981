package ipsec

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

const (
	usualIKE    = "aes256-sha256-modp2048 aes128-sha256-modp2048 aes256-sha1-modp2048 aes128-sha1-modp2048"
	usualESP    = "aes256gcm16 aes256-sha256 aes128-sha256 aes256-sha1 aes128-sha1"
	usualPFS    = "aes256gcm16-modp2048 aes256-sha256-modp2048 aes128-sha256-modp2048 aes256-sha1-modp2048 aes128-sha1-modp2048"
	oldIKE      = "aes256-sha1-modp1024 aes128-sha1-modp1024 3des-sha1-modp1024"
	usualIKE2   = "aes256gcm16-prfsha256-ecp256 aes256-sha256-ecp256 aes128-sha256-ecp256 aes256gcm16-prfsha256-modp2048 aes256-sha256-modp2048 aes128-sha256-modp2048"
	usualESP2   = "aes256gcm16 chacha20poly1305 aes256-sha256 aes128-sha256 aes256-sha1 aes128-sha1"
	oldIKE2     = "aes128-sha1-modp1024 3des-sha1-modp1024"
	usualECP2   = "aes256gcm16-ecp256 chacha20poly1305-ecp256 aes256-sha256-ecp256 aes128-sha256-ecp256 aes256-sha1-ecp256 aes128-sha1-ecp256"
	usualMODP2  = "aes256gcm16-modp2048 chacha20poly1305-modp2048 aes256-sha256-modp2048 aes128-sha256-modp2048 aes256-sha1-modp2048 aes128-sha1-modp2048"
	usualPFS2   = usualECP2 + " " + usualMODP2
	notPossible = "" // an error
)

// proposalRows are lists, with what they come to for IKE, for ESP without and with perfect
// forward secrecy, and for IKE in aggressive mode where that is not as in main mode.
var proposalRows = []struct {
	version                         IKEVersion
	text, ike, esp, pfs, aggressive string
}{
	{0, "", usualIKE, usualESP, usualPFS, usualIKE},
	{1, "default", usualIKE, usualESP, usualPFS, usualIKE},
	{1, "legacy", usualIKE + " " + oldIKE, usualESP + " 3des-sha1", usualPFS + " " + oldIKE, oldIKE},
	{1, "3des-sha1-modp1024,3des-sha1", "3des-sha1-modp1024", "3des-sha1", "3des-sha1-modp1024", "3des-sha1-modp1024"},
	{1, "aes128-sha1-modp1024", "aes128-sha1-modp1024", usualESP, "aes256gcm16-modp1024 aes256-sha256-modp1024 aes128-sha256-modp1024 aes256-sha1-modp1024 aes128-sha1-modp1024", "aes128-sha1-modp1024"},
	{1, "aes256-sha384-ecp384,aes256-sha1-modp2048", "aes256-sha384-ecp384 aes256-sha1-modp2048", usualESP, "aes256gcm16-ecp384 aes256-sha256-ecp384 aes128-sha256-ecp384 aes256-sha1-ecp384 aes128-sha1-ecp384", notPossible},
	{1, "aes256-sha256", usualIKE, "aes256-sha256", "aes256-sha256-modp2048", usualIKE},
	{1, "aes128-sha1-modp2048,esp=aes256-sha256-modp1024", "aes128-sha1-modp2048", notPossible, "aes256-sha256-modp1024", "aes128-sha1-modp2048"},
	{1, "ike:aes128-sha1-modp2048,esp:aes256-sha256-modp1024", "aes128-sha1-modp2048", notPossible, "aes256-sha256-modp1024", "aes128-sha1-modp2048"},
	{1, "esp:aes128-sha1", usualIKE, "aes128-sha1", "aes128-sha1-modp2048", usualIKE},
	{
		1, "aes256-aes128-sha256-sha1-modp2048,esp=aes256gcm16",
		"aes256-sha256-modp2048 aes256-sha1-modp2048 aes128-sha256-modp2048 aes128-sha1-modp2048", "aes256gcm16", "aes256gcm16-modp2048",
		"aes256-sha256-modp2048 aes256-sha1-modp2048 aes128-sha256-modp2048 aes128-sha1-modp2048",
	},
	{1, "modp2048-sha1-aes128-aes128,aes128-sha1-modp2048,aes256gcm16-aes128gcm16", "aes128-sha1-modp2048", "aes256gcm16 aes128gcm16", "aes256gcm16-modp2048 aes128gcm16-modp2048", "aes128-sha1-modp2048"},

	{2, "", usualIKE2, usualESP2, usualPFS2, usualIKE2},
	{2, "default", usualIKE2, usualESP2, usualPFS2, usualIKE2},
	{2, "legacy", usualIKE2 + " " + oldIKE2, usualESP2 + " 3des-sha1", usualPFS2 + " " + oldIKE2, usualIKE2 + " " + oldIKE2},
	{2, "aes256gcm16-prfsha384-ecp384,chacha20poly1305", "aes256gcm16-prfsha384-ecp384", "chacha20poly1305", "chacha20poly1305-ecp384", "aes256gcm16-prfsha384-ecp384"},
	{2, "aes128-sha1-prfsha256-curve25519,aes128-sha1", "aes128-sha1-prfsha256-curve25519", "aes128-sha1", "aes128-sha1-curve25519", "aes128-sha1-prfsha256-curve25519"},
	{2, "esp:aes128-sha1-modp2048,esp:aes256-sha1", usualIKE2, notPossible, "aes128-sha1-modp2048 aes256-sha1-ecp256 aes256-sha1-modp2048", usualIKE2},
}

// TestParseProposals (issue 13, 18, 31): what the words come to, for IKE and for ESP.
func TestParseProposals(t *testing.T) {
	t.Parallel()
	for _, tt := range proposalRows {
		p, err := ParseProposals(tt.text, tt.version)
		if err != nil {
			t.Errorf("IKEv%s %q: %v", tt.version, tt.text, err)
			continue
		}
		check := func(what string, got []string, err error, want string) {
			t.Helper()
			var wrong *ProposalsError
			switch {
			case (err != nil) != (want == notPossible) || err != nil && !errors.As(err, &wrong):
				t.Errorf("IKEv%s %q, %s: got %v", tt.version, tt.text, what, err)
			case strings.Join(got, " ") != want:
				t.Errorf("IKEv%s %q, %s:\n got %q\nwant %q", tt.version, tt.text, what, got, want)
			}
		}
		main, err := p.ForIKE(false)
		check("main mode", main, err, tt.ike)
		aggressive, err := p.ForIKE(true)
		check("aggressive mode", aggressive, err, tt.aggressive)
		esp, err := p.ForESP(false)
		check("ESP", esp, err, tt.esp)
		pfs, err := p.ForESP(true)
		check("ESP with PFS", pfs, err, tt.pfs)
	}
}

// TestProposalsByHand: a value that a program made without lists has a group for perfect
// forward secrecy.
func TestProposalsByHand(t *testing.T) {
	t.Parallel()
	for v, want := range map[IKEVersion]string{0: "3des-sha1-modp2048", IKEv2: "3des-sha1-ecp256 3des-sha1-modp2048"} {
		got, err := Proposals{Version: v, ESP: []string{"3des-sha1"}}.ForESP(true)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("IKEv%s: got %q, %v, want %q", v, got, err, want)
		}
	}
}

// TestParseProposalsRefused (issue 13, 18, 31): what is refused, each with the reason.
// ESP that does not encrypt would be clear text.
func TestParseProposalsRefused(t *testing.T) {
	t.Parallel()
	both := map[string]string{
		"null-sha256": `"null" is not a supported cipher`, "des-sha1-modp1024": `"des" is not a supported cipher`, "3des-md5-modp1024": `"md5" is not a supported cipher`, "aes128-sha1-modp768": `"modp768" is not a supported`,
		"aes128gcm16-sha256-modp2048": "GCM", "aes128gcm16-modp2048": "GCM", "esp=aes128gcm16-sha256": "needs no hash", "aes128gcm16-aes128-sha1": "cannot be offered with other ciphers",
		"aes128": "no hash", "sha1": "no cipher", "aes128-modp2048": "no hash", "modp2048": "no cipher", "aes128-sha1-modp2048-modp1024": "more than one group", "aes128-sha1-modp2048-modp2048": "more than one group",
		"aes128-sha1,aes128-sha1": "twice", "aes128-sha1, aes256-sha1": `" aes256" is not a supported cipher`, "aes128-sha1,": "is not a supported cipher", "AES128-sha1": `"AES128" is not a supported cipher`, "legacy,aes128-sha1": `"legacy" is not a supported cipher`,
		"ike=aes128-sha1-modp2048": `"ike=aes128" is not a supported cipher`, "aes128-sha1\n": "is not a supported cipher", "esp:esp:aes128-sha1": `"esp:aes128" is not a supported cipher`, "ike:esp:aes128-sha1-modp2048": `"esp:aes128" is not a supported cipher`,
		"ike:aes128-sha1": "has no group", "esp:aes128": "no hash", "esp:": "is not a supported cipher",
		strings.Repeat("aes128-sha1-modp1024,", 32) + "3des-sha1": "at most 32", strings.Repeat("aes", 400): "at most 32",
		"aes-aes128-aes192-aes256-3des-sha-sha1-sha256-sha2_256-sha384-sha2_384-sha512": "more than 32 proposals",
	}
	for _, tt := range []struct {
		version IKEVersion
		rows    map[string]string
	}{
		{IKEv1, both}, {IKEv2, both},
		{IKEv1, map[string]string{
			"aes128gcm16-modp2048": "GCM is for ESP", "aes128gcm16-sha256-modp2048": "GCM is for ESP", "esp=aes128-sha1,esp=aes256-sha1-modp2048": "the same group",
			"chacha20poly1305": "IKEv1 does not have chacha20poly1305", "aes128-sha1-curve25519": "IKEv1 does not have curve25519", "aes256gcm16-prfsha256-modp2048": "IKEv1 does not have prfsha256",
		}},
		{IKEv2, map[string]string{
			"aes128gcm16-modp2048": "needs a pseudo-random function", "chacha20poly1305-prfsha256-ecp256": "chacha20poly1305 is for ESP", "aes128-sha1-prfsha256": "ESP has none", "esp:aes128gcm16-prfsha1": "ESP has none",
			"aes256gcm16-prfsha256-prfsha384-ecp256": "more than one group or pseudo-random function",
			"aes128-sha1-modp1024,aes128-sha1-modp1536,aes128-sha1-modp2048,aes128-sha1-modp3072,aes128-sha1-modp4096,aes128-sha1-ecp256,aes128-aes192-aes256-sha1-sha256-sha384-sha512": "more than 64 proposals for ESP",
		}},
	} {
		for text, want := range tt.rows {
			_, err := ParseProposals(text, tt.version)
			var wrong *ProposalsError
			if !errors.As(err, &wrong) || !strings.Contains(wrong.Reason, want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("IKEv%s %q: got %v, want %q", tt.version, text, err, want)
			}
		}
	}
}

// FuzzParseProposals (issue 13, 18, 31): what is taken encrypts, and has the groups that
// it takes.
func FuzzParseProposals(f *testing.F) {
	for _, s := range []string{"legacy", "3des-sha1-modp1024,3des-sha1", "esp=aes256-sha256-modp1024", "ike:aes256gcm16-prfsha256-ecp256,esp:chacha20poly1305", "null-sha1", "aes256-sha384-ecp384"} {
		f.Add(s, true, true)
		f.Add(s, false, false)
	}
	f.Fuzz(func(t *testing.T, s string, pfs, second bool) {
		v := IKEv1
		if second {
			v = IKEv2
		}
		p, err := ParseProposals(s, v)
		if err != nil {
			return
		}
		esp, err := p.ForESP(pfs)
		if err != nil && pfs || len(esp) > maxWithGroups {
			t.Errorf("%q: %d, %v", s, len(esp), err)
		}
		for _, e := range esp {
			if (groupOf(e) != "") != pfs {
				t.Errorf("%q, PFS %t: got %q", s, pfs, e)
			}
		}
		if aggressive, err := p.ForIKE(true); v == IKEv1 && err == nil && len(groupsOf(aggressive)) != 1 {
			t.Errorf("%q, aggressive mode: got %q", s, aggressive)
		}
		for _, i := range p.IKE {
			if groupOf(i) == "" {
				t.Errorf("%q: got %q for IKE", s, i)
			}
		}
		for _, one := range slices.Concat(p.IKE, esp) {
			ciphers := 0
			for word := range strings.SplitSeq(one, "-") {
				if k := algorithms[word].kind; k == cipherKind || k == combinedKind {
					ciphers++
				}
			}
			if ciphers != 1 {
				t.Errorf("%q: %q has %d ciphers", s, one, ciphers)
			}
		}
	})
}
