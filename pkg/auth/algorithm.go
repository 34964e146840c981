package auth

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"fmt"
	"hash"
	"strings"
)

// An Algorithm is a hash that CHAP makes responses with, by its number in CHAP_A
// (RFC 7143, section 12.1.3, and the registry of PPP authentication algorithms).
type Algorithm uint8

// The algorithms.
const (
	MD5      Algorithm = 5
	SHA1     Algorithm = 6
	SHA256   Algorithm = 7
	SHA3_256 Algorithm = 8
)

// DefaultAlgorithms returns all algorithms, the strongest first.
func DefaultAlgorithms() []Algorithm {
	return []Algorithm{SHA3_256, SHA256, SHA1, MD5}
}

// ParseAlgorithm returns the algorithm of a name that String returns; all else
// is a *ConfigError.
func ParseAlgorithm(name string) (Algorithm, error) {
	var known []string
	for _, a := range DefaultAlgorithms() {
		if a.String() == name {
			return a, nil
		}
		known = append(known, a.String())
	}
	return 0, &ConfigError{Field: FieldAlgorithms, Reason: fmt.Sprintf("%q is not one of %s", name, strings.Join(known, ", "))}
}

// String returns the name that the command takes and prints.
func (a Algorithm) String() string {
	switch a {
	case 0:
		return "none"
	case MD5:
		return "md5"
	case SHA1:
		return "sha1"
	case SHA256:
		return "sha256"
	case SHA3_256:
		return "sha3-256"
	}
	return fmt.Sprintf("algorithm %d", uint8(a))
}

// new returns the hash; nil: an algorithm that we do not have.
func (a Algorithm) new() hash.Hash {
	switch a {
	case MD5:
		return md5.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA3_256:
		return sha3.New256()
	}
	return nil
}

// known reports whether we have the algorithm.
func (a Algorithm) known() bool { return a.size() > 0 }

// size returns the length of a response in bytes; 0: an algorithm that we do
// not have.
func (a Algorithm) size() int {
	switch a {
	case MD5:
		return md5.Size
	case SHA1:
		return sha1.Size
	case SHA256, SHA3_256:
		return sha256.Size
	}
	return 0
}

// approved reports whether FIPS 140-3 knows the algorithm.
func (a Algorithm) approved() bool { return a == SHA256 || a == SHA3_256 }

// response returns what proves the knowledge of secret (RFC 1994, section 4.1).
func (a Algorithm) response(id byte, secret Secret, challenge []byte) []byte {
	h := a.new()
	h.Write([]byte{id})
	h.Write(secret.reveal())
	h.Write(challenge)
	return h.Sum(nil)
}
