package ike

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // HMAC-SHA1 is what RFC 3723 asks of every target
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strconv"
)

// A Hash is a hash, and the pseudo-random function that HMAC makes of it.
type Hash uint8

// The hashes.
const (
	SHA1 Hash = iota + 1
	SHA256
	SHA384
	SHA512
)

// New returns the hash.
func (h Hash) New() hash.Hash {
	switch h {
	case SHA1:
		return sha1.New() //nolint:gosec // see above
	case SHA256:
		return sha256.New()
	case SHA384:
		return sha512.New384()
	case SHA512:
		return sha512.New()
	}
	panic("hash " + strconv.Itoa(int(h))) // suites are made by ParseIKE and ParseESP alone
}

// Len returns the length of a hash in bytes, which is also the length of a key of the
// pseudo-random function.
func (h Hash) Len() int {
	switch h {
	case SHA1:
		return sha1.Size
	case SHA256:
		return sha256.Size
	case SHA384:
		return sha512.Size384
	case SHA512:
		return sha512.Size
	}
	return 0
}

// Sum returns the hash of the parts, one after the other.
func (h Hash) Sum(parts ...[]byte) []byte {
	w := h.New()
	for _, p := range parts {
		w.Write(p)
	}
	return w.Sum(nil)
}

// PRF returns HMAC of the parts under a key (RFC 2409, section 4; RFC 7296, section
// 2.13).
func (h Hash) PRF(key []byte, parts ...[]byte) []byte {
	w := hmac.New(h.New, key)
	for _, p := range parts {
		w.Write(p)
	}
	return w.Sum(nil)
}

// PRFPlus returns n bytes of prf+ (RFC 7296, section 2.13): at most 255 times Len.
func (h Hash) PRFPlus(key, seed []byte, n int) []byte {
	out := make([]byte, 0, n+h.Len()) // it does not grow, which would leave keys behind
	var t []byte
	for i := byte(1); len(out) < n; i++ {
		t = h.PRF(key, t, seed, []byte{i})
		out = append(out, t...)
		t = out[len(out)-h.Len():]
	}
	clear(out[n:])
	return out[:n:n]
}

// PRFName returns strongSwan's name of the pseudo-random function.
func (h Hash) PRFName() string { return "PRF_HMAC_" + h.family() }

func (h Hash) family() string {
	switch h {
	case SHA1:
		return "SHA1"
	case SHA256:
		return "SHA2_256"
	case SHA384:
		return "SHA2_384"
	case SHA512:
		return "SHA2_512"
	}
	return "hash " + strconv.Itoa(int(h))
}

// An Integrity is an HMAC that is cut, for messages of IKEv2 and packets of ESP: SHA-1 to
// 96 bits (RFC 2404), the others to half (RFC 4868). Zero: none, with a combined cipher.
type Integrity Hash

// Hash returns the hash.
func (i Integrity) Hash() Hash { return Hash(i) }

// KeyLen returns the length of the key in bytes.
func (i Integrity) KeyLen() int { return Hash(i).Len() }

// Len returns the length of the checksum in bytes.
func (i Integrity) Len() int {
	if Hash(i) == SHA1 {
		return 12
	}
	return Hash(i).Len() / 2
}

// String returns strongSwan's name, such as HMAC_SHA2_256_128; empty: none.
func (i Integrity) String() string {
	if i == 0 {
		return ""
	}
	return "HMAC_" + Hash(i).family() + "_" + strconv.Itoa(8*i.Len())
}
