package ike

import (
	"crypto/ecdh"
	"errors"
	"io"
	"strconv"
)

// A Group is a Diffie-Hellman group, by its number, which both versions share. Zero:
// none.
type Group uint16

// The groups.
const (
	MODP1024     Group = 2  // RFC 2409, section 6.2
	MODP1536     Group = 5  // RFC 3526
	MODP2048     Group = 14 // RFC 3526
	MODP3072     Group = 15
	MODP4096     Group = 16
	MODP6144     Group = 17
	MODP8192     Group = 18
	ECP256       Group = 19 // RFC 5903
	ECP384       Group = 20
	ECP521       Group = 21
	MODP2048s256 Group = 24 // RFC 5114
	Curve25519   Group = 31 // RFC 8031
)

// String returns strongSwan's name, such as MODP_2048; empty: none.
func (g Group) String() string {
	switch g {
	case 0:
		return ""
	case ECP256, ECP384, ECP521:
		return "ECP_" + strconv.Itoa(g.curveBits())
	case MODP2048s256:
		return "MODP_2048_256"
	case Curve25519:
		return "CURVE_25519"
	}
	if n := g.PublicLen(); n > 0 {
		return "MODP_" + strconv.Itoa(8*n)
	}
	return "group " + strconv.Itoa(int(g))
}

// PublicLen returns the length of a public value in bytes; 0: the group is not known.
// The point of an ECP group is without the byte that says that it is not compressed (RFC
// 5903, section 7).
func (g Group) PublicLen() int {
	switch g {
	case ECP256, ECP384, ECP521:
		return 2 * ((g.curveBits() + 7) / 8)
	case Curve25519:
		return 32
	}
	return len(modulus[g]) / 2
}

func (g Group) curveBits() int {
	switch g {
	case ECP256:
		return 256
	case ECP384:
		return 384
	case ECP521:
		return 521
	}
	return 0
}

func (g Group) curve() ecdh.Curve {
	switch g {
	case ECP256:
		return ecdh.P256()
	case ECP384:
		return ecdh.P384()
	case ECP521:
		return ecdh.P521()
	case Curve25519:
		return ecdh.X25519()
	}
	return nil
}

// A PublicError is a public value of the peer that is not one of the group (RFC 6989).
type PublicError struct{ Group Group }

func (e *PublicError) Error() string {
	return "the peer's public value is not one of " + e.Group.String()
}

var errGroup = errors.New("the group is not known")

// A KeyPair is an ephemeral key of a group. It is used for one exchange.
type KeyPair struct {
	Group  Group
	Public []byte

	modp *modpKey
	ec   *ecdh.PrivateKey
}

// NewKeyPair makes a key pair of a group. For ECP groups and Curve25519 the standard
// library takes its own randomness, whatever random is.
func NewKeyPair(g Group, random io.Reader) (*KeyPair, error) {
	if c := g.curve(); c != nil {
		k, err := c.GenerateKey(random)
		if err != nil {
			return nil, err
		}
		return newEC(g, k), nil
	}
	return newMODP(g, random)
}

// newEC returns the key pair of a private key. The first byte of a point of an ECP group
// says that it is not compressed, and is not sent (RFC 5903, section 7).
func newEC(g Group, k *ecdh.PrivateKey) *KeyPair {
	pub := k.PublicKey().Bytes()
	if g != Curve25519 {
		pub = pub[1:]
	}
	return &KeyPair{Group: g, Public: pub, ec: k}
}

// Shared returns the secret that both ends have, or a *PublicError. peer is the peer's
// public value.
func (k *KeyPair) Shared(peer []byte) (Secret, error) {
	if len(peer) != k.Group.PublicLen() {
		return Secret{}, &PublicError{Group: k.Group}
	}
	if k.ec == nil {
		return k.modp.shared(k.Group, peer)
	}
	if k.Group != Curve25519 {
		peer = append([]byte{4}, peer...)
	}
	pub, err := k.Group.curve().NewPublicKey(peer)
	if err != nil {
		return Secret{}, &PublicError{Group: k.Group}
	}
	s, err := k.ec.ECDH(pub)
	if err != nil { // of Curve25519, a point of low order
		return Secret{}, &PublicError{Group: k.Group}
	}
	return NewSecret(s), nil
}

// Wipe clears the private half, as far as Go lets us.
func (k *KeyPair) Wipe() {
	if k == nil {
		return
	}
	if k.modp != nil {
		k.modp.wipe()
	}
	k.ec = nil
}
