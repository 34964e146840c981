package seal

import (
	"crypto/fips140"
	"errors"
	"fmt"
	"sync"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// A Sealer seals secrets and opens them. It may be used from several goroutines. What is
// sealed says by which algorithm and which key:
//
//	byte 0      1, the version of this format
//	byte 1      algorithm: 1 is XChaCha20-Poly1305, 2 is AES-256-GCM
//	bytes 2-9   id of the key, which tells nothing about it
//	then        nonce, ciphertext and tag, as the algorithm has them
//
// The first ten bytes and the context, such as row and field, are authenticated: a secret
// that was copied to another row does not open there. Where Go enforces FIPS 140-3, secrets
// are sealed with AES-256-GCM and passphrases go through PBKDF2; elsewhere it is
// XChaCha20-Poly1305 and scrypt. Both are opened. [Sealer.SealApproved] seals for both.
type Sealer struct {
	fips bool // approved algorithms only

	// material returns the 32 bytes that keys of an algorithm are derived from. It
	// makes them if it has to and may.
	material func(a algorithm, create bool) ([]byte, error)

	mu   sync.Mutex // guards keys
	keys map[algorithm]*key
}

func newSealer(material func(a algorithm, create bool) ([]byte, error)) *Sealer {
	return &Sealer{fips: fips140.Enforced(), material: material, keys: make(map[algorithm]*key)}
}

// Seal returns secret in a form that only the key opens, and only with the same
// context.
func (s *Sealer) Seal(secret auth.Secret, context string) ([]byte, error) {
	if s.fips {
		return s.sealBy(aes256GCM, secret, context)
	}
	return s.sealBy(xChaCha20Poly1305, secret, context)
}

// SealApproved is Seal by what FIPS 140-3 approves, whether Go enforces that or not:
// Open opens it in both modes.
func (s *Sealer) SealApproved(secret auth.Secret, context string) ([]byte, error) {
	return s.sealBy(aes256GCM, secret, context)
}

func (s *Sealer) sealBy(a algorithm, secret auth.Secret, context string) ([]byte, error) {
	switch n := secret.Len(); {
	case n == 0:
		return nil, errors.New("there is no secret to seal")
	case n > MaxLen:
		return nil, fmt.Errorf("a secret of %d bytes, more than %d", n, MaxLen)
	}
	k, err := s.key(a, true)
	if err != nil {
		return nil, err
	}
	plain := secret.Reveal()
	defer clear(plain)
	header := appendHeader(nil, a, k.id)
	return k.aead.Seal(header, nil, plain, bind(header, context)), nil
}

// Open returns the secret that Seal was given. It fails with a *FormatError where
// that is not what Seal returned, a *WrongKeyError where another key sealed it, a
// *DamagedError where it was changed or belongs to another context.
func (s *Sealer) Open(sealed []byte, context string) (auth.Secret, error) {
	a, id, body, err := parseHeader(sealed)
	if err != nil {
		return auth.Secret{}, err
	}
	if s.fips && !a.approved() {
		return auth.Secret{}, &AlgorithmError{Algorithm: a.String()}
	}
	k, err := s.key(a, false)
	if err != nil {
		return auth.Secret{}, err
	}
	if k.id != id {
		return auth.Secret{}, &WrongKeyError{Sealed: id.String(), Ours: k.id.String()}
	}
	plain, err := k.aead.Open(nil, nil, body, bind(sealed, context))
	if err != nil {
		return auth.Secret{}, &DamagedError{}
	}
	defer clear(plain)
	return auth.NewSecret(plain), nil
}

// key returns the key of an algorithm. It is derived once: for a passphrase that
// takes its time.
func (s *Sealer) key(a algorithm, create bool) (*key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keys[a]; k != nil {
		return k, nil
	}
	material, err := s.material(a, create)
	if err != nil {
		return nil, err
	}
	defer clear(material)
	k, err := newKey(a, material)
	if err != nil {
		return nil, err
	}
	s.keys[a] = k
	return k, nil
}
