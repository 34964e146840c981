package ike

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // 3DES, offered only where legacy proposals are asked for
	"fmt"
	"strconv"

	"golang.org/x/crypto/chacha20poly1305"
)

// An Encryption is a cipher of IKE or ESP.
type Encryption uint8

// The ciphers.
const (
	AESCBC           Encryption = iota + 1 // RFC 3602
	TripleDES                              // RFC 2451
	AESGCM16                               // RFC 4106, 5282
	ChaCha20Poly1305                       // RFC 7634
)

// AEADTagLen is the length of the tag of each combined cipher, in bytes.
const AEADTagLen = 16

// String returns strongSwan's name, as it is in a proof.
func (e Encryption) String() string {
	switch e {
	case AESCBC:
		return "AES_CBC"
	case TripleDES:
		return "3DES_CBC"
	case AESGCM16:
		return "AES_GCM_16"
	case ChaCha20Poly1305:
		return "CHACHA20_POLY1305"
	}
	return "encryption " + strconv.Itoa(int(e))
}

// AEAD reports whether the cipher authenticates as well, so that no Integrity goes with
// it.
func (e Encryption) AEAD() bool { return e == AESGCM16 || e == ChaCha20Poly1305 }

// KeyLen returns how many bytes of keying material the cipher takes, with a salt of GCM
// or ChaCha20-Poly1305 at its end. bits is the size of an AES key.
func (e Encryption) KeyLen(bits int) int {
	switch e {
	case TripleDES:
		return 24
	case AESGCM16:
		return bits/8 + e.SaltLen()
	case ChaCha20Poly1305:
		return chacha20poly1305.KeySize + e.SaltLen()
	}
	return bits / 8
}

// SaltLen returns how many bytes of the keying material are a salt.
func (e Encryption) SaltLen() int {
	if e.AEAD() {
		return 4
	}
	return 0
}

// BlockLen returns the size of a block in bytes, to which plain text is padded: 1 for
// combined ciphers.
func (e Encryption) BlockLen() int {
	switch e {
	case AESCBC:
		return aes.BlockSize
	case TripleDES:
		return des.BlockSize
	}
	return 1
}

// IVLen returns the length of the initialization vector in each message, in bytes.
func (e Encryption) IVLen() int {
	if e.AEAD() {
		return 8
	}
	return e.BlockLen()
}

// Block returns the block cipher of a CBC mode.
func (e Encryption) Block(key []byte) (cipher.Block, error) {
	switch e {
	case AESCBC:
		return aes.NewCipher(key)
	case TripleDES:
		return des.NewTripleDESCipher(key) //nolint:gosec // see above
	}
	return nil, fmt.Errorf("%s has no block cipher", e)
}

// NewAEAD returns a combined cipher. key is without the salt.
func (e Encryption) NewAEAD(key []byte) (cipher.AEAD, error) {
	switch e {
	case AESGCM16:
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(block)
	case ChaCha20Poly1305:
		return chacha20poly1305.New(key)
	}
	return nil, fmt.Errorf("%s is no combined cipher", e)
}
