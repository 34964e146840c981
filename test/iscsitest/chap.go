package iscsitest

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// chapHash are the algorithms of CHAP_A.
var chapHash = map[string]func() hash.Hash{
	"5": md5.New,
	"6": sha1.New,
	"7": sha256.New,
	"8": func() hash.Hash { return sha3.New256() },
}

// CHAPResponse computes CHAP_R (RFC 1994, section 4.1): the hash of identifier,
// secret and challenge. It shares no code with the package that it tests.
func CHAPResponse(algorithm string, id byte, secret string, challenge []byte) []byte {
	h := chapHash[algorithm]()
	h.Write([]byte{id})
	h.Write([]byte(secret))
	h.Write(challenge)
	return h.Sum(nil)
}

// chap is the target's side of CHAP on one connection.
type chap struct {
	algorithm string
	id        byte
	challenge []byte
}

// begin chooses the first algorithm of the offer that we know, or only, and
// makes a challenge.
func (c *chap) begin(offer, only string) (ok bool) {
	for alg := range strings.SplitSeq(offer, ",") {
		if chapHash[alg] != nil && (only == "" || alg == only) {
			c.algorithm = alg
			c.challenge = make([]byte, 17)
			rand.Read(c.challenge)
			c.id = c.challenge[16]
			c.challenge = c.challenge[:16]
			return true
		}
	}
	return false
}

// correct reports whether response is what the secret makes.
func (c *chap) correct(response, secret string) bool {
	got, err := decodeBinary(response)
	return err == nil && string(got) == string(CHAPResponse(c.algorithm, c.id, secret, c.challenge))
}

// decodeBinary decodes a binary value.
func decodeBinary(v string) ([]byte, error) {
	if len(v) < 2 {
		return nil, fmt.Errorf("iscsitest: %q is no binary value", v)
	}
	switch v[:2] {
	case "0x", "0X":
		return hex.DecodeString(v[2:])
	case "0b", "0B":
		return base64.StdEncoding.DecodeString(v[2:])
	}
	return nil, fmt.Errorf("iscsitest: %q is no binary value", v)
}

// hexValue encodes a binary value.
func hexValue(b []byte) string { return "0x" + hex.EncodeToString(b) }
