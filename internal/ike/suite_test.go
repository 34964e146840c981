package ike_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// The words of proposals, as ipsec.ParseProposals takes them.
var (
	ciphers  = []string{"aes", "aes128", "aes192", "aes256", "3des"}
	combined = []string{"aes128gcm16", "aes192gcm16", "aes256gcm16", "chacha20poly1305"}
	hashes   = []string{"sha", "sha1", "sha256", "sha2_256", "sha384", "sha2_384", "sha512", "sha2_512"}
	prfs     = []string{"prfsha1", "prfsha256", "prfsha384", "prfsha512"}
	groups   = []string{"modp1024", "modp1536", "modp2048", "modp3072", "modp4096", "modp6144", "modp8192", "ecp256", "ecp384", "ecp521", "curve25519", "modp2048s256"}
)

// eachProposal calls f with each proposal of one cipher that there could be.
func eachProposal(f func(string)) {
	none := []string{""}
	for _, cipher := range slices.Concat(ciphers, combined) {
		for _, hash := range append(hashes, none...) {
			for _, prf := range append(prfs, none...) {
				for _, group := range append(groups, none...) {
					f(strings.Join(slices.DeleteFunc([]string{cipher, hash, prf, group}, func(s string) bool { return s == "" }), "-"))
				}
			}
		}
	}
}

// TestAllProposals: what ipsec.ParseProposals takes is a suite, with one group excepted,
// and a suite for ESP has keys.
func TestAllProposals(t *testing.T) {
	t.Parallel()
	suites := 0
	for _, v := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		eachProposal(func(text string) {
			for _, prefix := range []string{"ike:", "esp:"} {
				p, err := ipsec.ParseProposals(prefix+text, v)
				if err != nil {
					continue
				}
				suites++
				if prefix == "ike:" {
					_, err = ike.ParseIKE(p.IKE[0])
				} else {
					var s ike.ESPSuite
					if s, err = ike.ParseESP(p.ESP[0]); err == nil && s.KeyLen() == 0 {
						t.Errorf("%s: got no key", text)
					}
				}
				if strings.HasSuffix(text, "-modp2048s256") != (err != nil) {
					t.Errorf("IKEv%s %s%s: got %v", v, prefix, text, err)
				}
			}
		})
		for _, word := range []string{ipsec.ProposalsDefault, ipsec.ProposalsLegacy} {
			p, err := ipsec.ParseProposals(word, v)
			if err != nil {
				t.Fatal(err)
			}
			pfs, err := p.ForESP(true)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range p.IKE {
				if _, err := ike.ParseIKE(i); err != nil {
					t.Error(err)
				}
			}
			for _, e := range append(p.ESP, pfs...) {
				if s, err := ike.ParseESP(e); err != nil || (s.Group != 0) != slices.Contains(pfs, e) {
					t.Errorf("%s: got %v, %v", e, s, err)
				}
			}
		}
	}
	if suites < 2000 {
		t.Errorf("got %d suites, want those of all words", suites)
	}
}

// TestParseIKE: names as strongSwan has them, in proofs, and how long keys are.
func TestParseIKE(t *testing.T) {
	t.Parallel()
	for proposal, want := range map[string]string{
		"aes256-sha256-modp2048":        "AES_CBC-256 HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 MODP_2048",
		"3des-sha1-modp1024":            "3DES_CBC HMAC_SHA1_96 PRF_HMAC_SHA1 MODP_1024",
		"aes256gcm16-prfsha384-ecp384":  "AES_GCM_16-256 PRF_HMAC_SHA2_384 ECP_384",
		"aes-sha-prfsha512-curve25519":  "AES_CBC-128 HMAC_SHA1_96 PRF_HMAC_SHA2_512 CURVE_25519",
		"modp4096-sha2_512-aes192":      "AES_CBC-192 HMAC_SHA2_512_256 PRF_HMAC_SHA2_512 MODP_4096",
		"aes128-prfsha256-modp2048":     "lacks a cipher, a hash or a group",
		"aes128gcm16-modp2048":          "lacks a cipher, a hash or a group",
		"aes128gcm16-sha1-modp2048":     "lacks a cipher, a hash or a group",
		"aes128-sha1":                   "lacks a cipher, a hash or a group",
		"sha1-modp2048":                 "lacks a cipher, a hash or a group",
		"aes128-sha1-modp768":           `"modp768" is not known`,
		"aes128-sha1-modp2048s256":      "modp2048s256 takes the strongSwan enforcer",
		"null-sha1-modp2048":            `"null" is not known`,
		"":                              `"" is not known`,
		"aes128-sha1-modp2048,des-sha1": `"modp2048,des" is not known`,
	} {
		s, err := ike.ParseIKE(proposal)
		if got := s.String(); err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want %q", proposal, got, err, want)
		}
	}
}

// TestParseESP: names as strongSwan has them, and the bytes of keys: RFC 3602, section 4.5
// to 4868, section 2.1; RFC 4106, section 8.1; RFC 7634, section 2.
func TestParseESP(t *testing.T) {
	t.Parallel()
	for proposal, want := range map[string]struct {
		name string
		key  int
	}{
		"aes256gcm16":             {"AES_GCM_16-256", 36},
		"aes128gcm16-modp2048":    {"AES_GCM_16-128 MODP_2048", 20},
		"aes192gcm16":             {"AES_GCM_16-192", 28},
		"chacha20poly1305-ecp256": {"CHACHA20_POLY1305 ECP_256", 36},
		"aes128-sha1":             {"AES_CBC-128 HMAC_SHA1_96", 36},
		"aes256-sha256-modp2048":  {"AES_CBC-256 HMAC_SHA2_256_128 MODP_2048", 64},
		"aes192-sha384":           {"AES_CBC-192 HMAC_SHA2_384_192", 72},
		"aes256-sha512":           {"AES_CBC-256 HMAC_SHA2_512_256", 96},
		"3des-sha1":               {"3DES_CBC HMAC_SHA1_96", 44},
	} {
		s, err := ike.ParseESP(proposal)
		if err != nil || s.String() != want.name || s.KeyLen() != want.key {
			t.Errorf("%s: got %s, %d bytes, %v, want %s, %d bytes", proposal, s, s.KeyLen(), err, want.name, want.key)
		}
	}
	for _, proposal := range []string{"", "aes128", "sha1", "modp2048", "aes128gcm16-sha1", "null-sha1", "des-sha1", "aes128-md5"} {
		if s, err := ike.ParseESP(proposal); err == nil {
			t.Errorf("%s: got %s, want an error", proposal, s)
		}
	}
}

// TestCiphers: block and combined ciphers take keys of their lengths alone, and none is
// both.
func TestCiphers(t *testing.T) {
	t.Parallel()
	for e, bits := range map[ike.Encryption][]int{ike.AESCBC: {128, 192, 256}, ike.TripleDES: {0}, ike.AESGCM16: {128, 192, 256}, ike.ChaCha20Poly1305: {0}} {
		for _, b := range bits {
			key := make([]byte, e.KeyLen(b)-e.SaltLen())
			block, errBlock := e.Block(key)
			aead, errAEAD := e.NewAEAD(key)
			switch {
			case e.AEAD() && (errAEAD != nil || errBlock == nil || aead.Overhead() != ike.AEADTagLen || aead.NonceSize() != e.SaltLen()+e.IVLen()):
				t.Errorf("%s: got %v, %v", e, errBlock, errAEAD)
			case !e.AEAD() && (errBlock != nil || errAEAD == nil || block.BlockSize() != e.BlockLen() || e.IVLen() != e.BlockLen()):
				t.Errorf("%s: got %v, %v", e, errBlock, errAEAD)
			}
			_, errBlock = e.Block(key[1:])
			_, errAEAD = e.NewAEAD(key[1:])
			if errBlock == nil || errAEAD == nil {
				t.Errorf("%s: took a short key", e)
			}
		}
	}
	if s, err := ike.Encryption(99).Block(nil); err == nil {
		t.Errorf("got %v, want an error", s)
	}
}

// TestFailure: a failure and an end are errors that answer errors.As.
func TestFailure(t *testing.T) {
	t.Parallel()
	var failure *ike.Failure
	if err := error(&ike.Failure{Cause: ike.Silent, Step: "main mode message 2"}); !errors.As(err, &failure) || !strings.Contains(err.Error(), "main mode message 2") {
		t.Errorf("got %v", err)
	}
	var gone *ike.Gone
	if err := error(&ike.Gone{Reason: "the peer deleted them"}); !errors.As(err, &gone) || err.Error() != "the peer deleted them" {
		t.Errorf("got %v", err)
	}
}
