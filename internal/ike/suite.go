package ike

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Suite are the algorithms of an IKE security association.
type Suite struct {
	Encryption Encryption
	Bits       int       // of an AES key
	Integrity  Integrity // of messages in IKEv2; in IKEv1 that of the PRF's hash, for the name alone
	PRF        Hash      // in IKEv1 also the hash
	Group      Group
}

// String returns strongSwan's names: "AES_CBC-256 HMAC_SHA2_256_128 PRF_HMAC_SHA2_256
// MODP_2048".
func (s Suite) String() string {
	return join(withBits(s.Encryption, s.Bits), s.Integrity.String(), s.PRF.PRFName(), s.Group.String())
}

// An ESPSuite are the algorithms of a security association of ESP.
type ESPSuite struct {
	Encryption Encryption
	Bits       int       // of an AES key
	Integrity  Integrity // 0 with a combined cipher
	Group      Group     // of perfect forward secrecy; 0: none
	ESN        bool      // extended sequence numbers
}

// String returns strongSwan's names: "AES_GCM_16-256 MODP_2048".
func (s ESPSuite) String() string {
	return join(withBits(s.Encryption, s.Bits), s.Integrity.String(), s.Group.String())
}

// KeyLen returns how many bytes of keying material each direction takes: for the cipher,
// and after that for the integrity.
func (s ESPSuite) KeyLen() int { return s.Encryption.KeyLen(s.Bits) + s.Integrity.KeyLen() }

func withBits(e Encryption, bits int) string {
	if e == AESCBC || e == AESGCM16 {
		return e.String() + "-" + strconv.Itoa(bits)
	}
	return e.String()
}

func join(names ...string) string {
	return strings.Join(strings.Fields(strings.Join(names, " ")), " ")
}

// words are the algorithms by strongSwan's words in a proposal.
var words = map[string]Suite{
	"aes": {Encryption: AESCBC, Bits: 128}, "aes128": {Encryption: AESCBC, Bits: 128}, "aes192": {Encryption: AESCBC, Bits: 192}, "aes256": {Encryption: AESCBC, Bits: 256},
	"3des":        {Encryption: TripleDES},
	"aes128gcm16": {Encryption: AESGCM16, Bits: 128}, "aes192gcm16": {Encryption: AESGCM16, Bits: 192}, "aes256gcm16": {Encryption: AESGCM16, Bits: 256},
	"chacha20poly1305": {Encryption: ChaCha20Poly1305},
	"sha":              {Integrity: Integrity(SHA1)}, "sha1": {Integrity: Integrity(SHA1)},
	"sha256": {Integrity: Integrity(SHA256)}, "sha2_256": {Integrity: Integrity(SHA256)},
	"sha384": {Integrity: Integrity(SHA384)}, "sha2_384": {Integrity: Integrity(SHA384)},
	"sha512": {Integrity: Integrity(SHA512)}, "sha2_512": {Integrity: Integrity(SHA512)},
	"prfsha1": {PRF: SHA1}, "prfsha256": {PRF: SHA256}, "prfsha384": {PRF: SHA384}, "prfsha512": {PRF: SHA512},
	"modp1024": {Group: MODP1024}, "modp1536": {Group: MODP1536}, "modp2048": {Group: MODP2048}, "modp3072": {Group: MODP3072},
	"modp4096": {Group: MODP4096}, "modp6144": {Group: MODP6144}, "modp8192": {Group: MODP8192},
	"ecp256": {Group: ECP256}, "ecp384": {Group: ECP384}, "ecp521": {Group: ECP521}, "curve25519": {Group: Curve25519},
}

// errUnsupported is for the one group that ipsec.ParseProposals accepts and this package
// does not have: its public values would have to be checked for a subgroup (RFC 6989,
// section 2.2).
var errUnsupported = errors.New("modp2048s256 takes the strongSwan enforcer")

// ParseIKE reads a proposal for an IKE security association that ipsec.ParseProposals has
// accepted. Without a word for the PRF it is that of the integrity.
func ParseIKE(proposal string) (Suite, error) {
	s, err := parse(proposal)
	if err != nil {
		return s, err
	}
	if s.PRF == 0 {
		s.PRF = s.Integrity.Hash()
	}
	if s.Encryption == 0 || s.Encryption.AEAD() != (s.Integrity == 0) || s.PRF == 0 || s.Group == 0 {
		return s, fmt.Errorf("proposal %q lacks a cipher, a hash or a group", proposal)
	}
	return s, nil
}

// ParseESP reads a proposal for ESP that ipsec.ParseProposals has accepted.
func ParseESP(proposal string) (ESPSuite, error) {
	s, err := parse(proposal)
	if err == nil && (s.Encryption == 0 || s.Encryption.AEAD() != (s.Integrity == 0)) {
		err = fmt.Errorf("proposal %q lacks a cipher or a hash", proposal)
	}
	return ESPSuite{Encryption: s.Encryption, Bits: s.Bits, Integrity: s.Integrity, Group: s.Group}, err
}

func parse(proposal string) (s Suite, err error) {
	for word := range strings.SplitSeq(proposal, "-") {
		w, ok := words[word]
		switch {
		case word == "modp2048s256":
			return s, fmt.Errorf("proposal %q: %w", proposal, errUnsupported)
		case !ok:
			return s, fmt.Errorf("proposal %q: %q is not known", proposal, word)
		case w.Encryption != 0:
			s.Encryption, s.Bits = w.Encryption, w.Bits
		case w.Integrity != 0:
			s.Integrity = w.Integrity
		case w.PRF != 0:
			s.PRF = w.PRF
		case w.Group != 0:
			s.Group = w.Group
		}
	}
	return s, nil
}
