package ipsec

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestParseProposals (issue 13, 31): what the words come to, for IKE and for ESP.
func TestParseProposals(t *testing.T) {
	t.Parallel()
	const usualIKE, usualESP = "aes256-sha256-modp2048 aes128-sha256-modp2048 aes128-sha1-modp2048", "aes256gcm16 aes128-sha256 aes128-sha1"
	for _, tt := range []struct{ text, ike, esp, pfs string }{
		{"", usualIKE, usualESP, "aes256gcm16-modp2048 aes128-sha256-modp2048 aes128-sha1-modp2048"},
		{"default", usualIKE, usualESP, "aes256gcm16-modp2048 aes128-sha256-modp2048 aes128-sha1-modp2048"},
		{"legacy", usualIKE + " aes128-sha1-modp1024 3des-sha1-modp1024", usualESP + " 3des-sha1", "aes256gcm16-modp2048 aes128-sha256-modp2048 aes128-sha1-modp2048 3des-sha1-modp1024"},
		{"3des-sha1-modp1024,3des-sha1", "3des-sha1-modp1024", "3des-sha1", "3des-sha1-modp1024"},
		{"aes128-sha1-modp1024", "aes128-sha1-modp1024", usualESP, "aes256gcm16-modp1024 aes128-sha256-modp1024 aes128-sha1-modp1024"},
		{"aes256-sha384-ecp384,aes256-sha1-modp2048", "aes256-sha384-ecp384 aes256-sha1-modp2048", usualESP, "aes256gcm16-ecp384 aes128-sha256-ecp384 aes128-sha1-ecp384"},
		{"aes256-sha256", usualIKE, "aes256-sha256", "aes256-sha256-modp2048"},
		{"aes128-sha1-modp2048,esp=aes256-sha256-modp1024", "aes128-sha1-modp2048", "", "aes256-sha256-modp1024"},
		{"aes256-aes128-sha256-sha1-modp2048,esp=aes256gcm16", "aes256-aes128-sha256-sha1-modp2048", "aes256gcm16", "aes256gcm16-modp2048"},
	} {
		p, err := ParseProposals(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		esp, err := p.ForESP(false)
		var wrong *ProposalsError
		if (err != nil) != (tt.esp == "") || err != nil && !errors.As(err, &wrong) {
			t.Errorf("%q without PFS: got %v", tt.text, err)
		}
		pfs, err := p.ForESP(true)
		if err != nil {
			t.Errorf("%q with PFS: got %v", tt.text, err)
		}
		for what, pair := range map[string][2]string{"IKE": {strings.Join(p.IKE, " "), tt.ike}, "ESP": {strings.Join(esp, " "), tt.esp}, "ESP with PFS": {strings.Join(pfs, " "), tt.pfs}} {
			if pair[0] != pair[1] {
				t.Errorf("%q, %s: got %q, want %q", tt.text, what, pair[0], pair[1])
			}
		}
	}
}

// TestParseProposalsRefused (issue 13, 31): what is refused, each with the reason.
// ESP that does not encrypt would be clear text.
func TestParseProposalsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"null-sha256": `"null" is not a supported cipher`, "des-sha1-modp1024": `"des" is not a supported cipher`, "3des-md5-modp1024": `"md5" is not a supported cipher`, "aes128-sha1-modp768": `"modp768" is not a supported`,
		"aes128gcm16-sha256-modp2048": "GCM is for ESP", "aes128gcm16-modp2048": "GCM is for ESP", "esp=aes128gcm16-sha256": "needs no hash", "aes128gcm16-aes128-sha1": "cannot be combined",
		"aes128": "no hash", "sha1": "no cipher", "aes128-modp2048": "no hash", "modp2048": "no cipher", "aes128-sha1-modp2048-modp1024": "more than one group",
		"aes128-sha1,aes128-sha1": "twice", "aes128-sha1, aes256-sha1": `" aes256" is not a supported cipher`, "aes128-sha1,": "is not a supported cipher", "AES128-sha1": `"AES128" is not a supported cipher`, "legacy,aes128-sha1": `"legacy" is not a supported cipher`,
		"esp=aes128-sha1,esp=aes256-sha1-modp2048": "the same group", "ike=aes128-sha1-modp2048": `"ike=aes128" is not a supported cipher`, "aes128-sha1\n": "is not a supported cipher",
		strings.Repeat("aes128-sha1-modp1024,", 16) + "3des-sha1": "at most 16", strings.Repeat("aes", 200): "at most 16",
	} {
		_, err := ParseProposals(text)
		var wrong *ProposalsError
		if !errors.As(err, &wrong) || !strings.Contains(wrong.Reason, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// FuzzParseProposals (issue 13, 31): what is taken encrypts, and has the groups that
// it takes.
func FuzzParseProposals(f *testing.F) {
	for _, s := range []string{"legacy", "3des-sha1-modp1024,3des-sha1", "esp=aes256-sha256-modp1024", "null-sha1", "aes256-sha384-ecp384"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, pfs bool) {
		p, err := ParseProposals(s)
		if err != nil {
			return
		}
		esp, err := p.ForESP(pfs)
		if err != nil && pfs {
			t.Errorf("%q: %v", s, err)
		}
		for _, e := range esp {
			if (groupOf(e) != "") != pfs {
				t.Errorf("%q, PFS %t: got %q", s, pfs, e)
			}
		}
		for _, i := range p.IKE {
			if groupOf(i) == "" {
				t.Errorf("%q: got %q for IKE", s, i)
			}
		}
		for _, one := range slices.Concat(p.IKE, esp) {
			words := strings.Split(one, "-")
			if !slices.ContainsFunc(words, func(w string) bool { return algorithms[w] == cipherKind || algorithms[w] == combinedKind }) {
				t.Errorf("%q: %q does not encrypt", s, one)
			}
		}
	})
}
