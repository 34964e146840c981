package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// An algorithm seals. Its number stands in what is sealed.
type algorithm byte

const (
	xChaCha20Poly1305 algorithm = 1
	aes256GCM         algorithm = 2
)

// String returns the name as its specification has it.
func (a algorithm) String() string {
	switch a {
	case xChaCha20Poly1305:
		return "XChaCha20-Poly1305"
	case aes256GCM:
		return "AES-256-GCM"
	}
	return fmt.Sprintf("algorithm %d", byte(a))
}

// approved reports whether FIPS 140-3 knows the algorithm.
func (a algorithm) approved() bool { return a == aes256GCM }

const (
	materialLen = 32 // of a key file, and of what a passphrase gives
	idLen       = 8
)

// A keyID tells keys apart.
type keyID [idLen]byte

// String returns the id as errors show it.
func (id keyID) String() string { return fmt.Sprintf("%x", id[:]) }

// A key is ready to seal by one algorithm.
type key struct {
	id   keyID
	aead cipher.AEAD // makes its nonces itself
}

// newKey derives the key of an algorithm, and its id, which is independent of it.
func newKey(a algorithm, material []byte) (*key, error) {
	const label = "github.com/go-iscsi/discovery seal 1 "
	id, err := hkdf.Key(sha256.New, material, nil, label+"id", idLen)
	if err != nil {
		return nil, err
	}
	b, err := hkdf.Key(sha256.New, material, nil, label+a.String(), 32)
	if err != nil {
		return nil, err
	}
	k := &key{id: keyID(id)}
	if a == xChaCha20Poly1305 {
		k.aead, err = newXChaCha(b)
		return k, err
	}
	block, err := aes.NewCipher(b)
	if err != nil {
		return nil, err
	}
	k.aead, err = cipher.NewGCMWithRandomNonce(block)
	return k, err
}

// An xChaCha is XChaCha20-Poly1305 that makes its nonces itself and puts them
// before the ciphertext, as cipher.NewGCMWithRandomNonce does.
type xChaCha struct{ cipher.AEAD }

func newXChaCha(key []byte) (cipher.AEAD, error) {
	aead, err := chacha20poly1305.NewX(key)
	return xChaCha{aead}, err
}

func (x xChaCha) NonceSize() int { return 0 }

func (x xChaCha) Overhead() int { return x.AEAD.NonceSize() + x.AEAD.Overhead() }

func (x xChaCha) Seal(dst, _, plaintext, additionalData []byte) []byte {
	nonce := make([]byte, x.AEAD.NonceSize())
	_, _ = rand.Read(nonce) // it never fails
	return x.AEAD.Seal(append(dst, nonce...), nonce, plaintext, additionalData)
}

func (x xChaCha) Open(dst, _, ciphertext, additionalData []byte) ([]byte, error) {
	n := x.AEAD.NonceSize()
	if len(ciphertext) < n {
		return nil, errors.New("no nonce")
	}
	return x.AEAD.Open(dst, ciphertext[:n], ciphertext[n:], additionalData)
}
