package seal

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/scrypt"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// SaltLen is the length of a salt.
const SaltLen = 16

// A price is what a guess at a passphrase costs.
type price struct {
	scryptN      int // with r = 8 and p = 1: a KiB of memory for each
	pbkdf2Rounds int
}

// fullPrice is some tenths of a second, and with scrypt 128 MiB. Another price is
// another format.
var fullPrice = price{scryptN: 1 << 17, pbkdf2Rounds: 600_000}

// NewSalt returns a salt. It is not secret. It has to be kept beside what is sealed: the
// same passphrase opens that only with the same salt.
func NewSalt() []byte {
	salt := make([]byte, SaltLen)
	_, _ = rand.Read(salt) // it never fails
	return salt
}

// Passphrase returns the Sealer of a passphrase and a salt of SaltLen bytes. The
// key is derived when it is needed, and a mistyped passphrase seals as well as the
// right one: keep a word sealed with it beside the salt, and open that first.
func Passphrase(passphrase auth.Secret, salt []byte) (*Sealer, error) {
	return fullPrice.passphrase(passphrase, salt)
}

func (p price) passphrase(passphrase auth.Secret, salt []byte) (*Sealer, error) {
	switch {
	case passphrase.IsZero():
		return nil, errors.New("the passphrase is empty")
	case len(salt) != SaltLen:
		return nil, fmt.Errorf("a salt of %d bytes, not %d", len(salt), SaltLen)
	}
	salt = append([]byte(nil), salt...)
	return newSealer(func(a algorithm, _ bool) ([]byte, error) {
		b := passphrase.Reveal()
		defer clear(b)
		var material []byte
		var err error
		if a.approved() {
			material, err = pbkdf2.Key(sha256.New, string(b), salt, p.pbkdf2Rounds, materialLen)
		} else {
			material, err = scrypt.Key(b, salt, p.scryptN, 8, 1, materialLen)
		}
		if err != nil {
			return nil, fmt.Errorf("passphrase: %w", err)
		}
		return material, nil
	}), nil
}
