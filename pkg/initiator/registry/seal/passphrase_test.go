package seal

import (
	"errors"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// cheap is for tests of anything but the price.
var cheap = price{scryptN: 16, pbkdf2Rounds: 10}

func TestPassphrase(t *testing.T) {
	t.Parallel()
	salt := NewSalt()
	if len(salt) != SaltLen || string(salt) == string(NewSalt()) {
		t.Fatalf("got salt %x, want another each time", salt)
	}
	for mode, fips := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			sealer := func(passphrase string, salt []byte) *Sealer {
				s, err := cheap.passphrase(auth.NewSecret([]byte(passphrase)), salt)
				if err != nil {
					t.Fatal(err)
				}
				s.fips = fips
				return s
			}
			sealed := mustSeal(t, sealer("passphrase", salt), "twelve bytes", "c")
			if opened, err := sealer("passphrase", salt).Open(sealed, "c"); err != nil || opened.Len() != 12 {
				t.Errorf("the same passphrase and salt: %v", err)
			}
			var wrong *WrongKeyError
			if _, err := sealer("Passphrase", salt).Open(sealed, "c"); !errors.As(err, &wrong) {
				t.Errorf("another passphrase: got %v, want a WrongKeyError", err)
			}
			if _, err := sealer("passphrase", make([]byte, SaltLen)).Open(sealed, "c"); !errors.As(err, &wrong) {
				t.Errorf("another salt: got %v, want a WrongKeyError", err)
			}
		})
	}
}

// TestPassphraseOtherMode: what was sealed in FIPS mode opens elsewhere, with the
// derivation that it was sealed with.
func TestPassphraseOtherMode(t *testing.T) {
	t.Parallel()
	var sealers [2]*Sealer
	for i := range sealers {
		s, err := cheap.passphrase(auth.NewSecret([]byte("passphrase")), make([]byte, SaltLen))
		if err != nil {
			t.Fatal(err)
		}
		s.fips = i == 0
		sealers[i] = s
	}
	if _, err := sealers[1].Open(mustSeal(t, sealers[0], "twelve bytes", "c"), "c"); err != nil {
		t.Error(err)
	}
}

// TestPassphraseGolden opens what was sealed at the full price: it is a part of
// the format.
func TestPassphraseGolden(t *testing.T) {
	t.Parallel()
	for name, sealed := range map[string][]byte{
		"scrypt": unhex(`
			01 01 4067798387a31807
			2958831da80499d9029b453fcf7fb960b3373ca8f38b35be
			0a9bb3b38f3f1530ea97bdc96d9cfab0c83bd3f4e6f76c6cdf0fcdf0`),
		"PBKDF2": unhex(`
			01 02 94e79e5fc3d05bc9
			fd8709beb1c34c7c3325f25d
			8e9cc712cf57171aea63754d6e15a0c9cd5399831bbe1fa23c1506f9`),
	} {
		s, err := Passphrase(auth.NewSecret([]byte("passphrase")), make([]byte, SaltLen))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := s.Open(sealed, "context")
		if err != nil || !opened.Equal(auth.NewSecret([]byte("twelve bytes"))) {
			t.Errorf("%s: it does not open: %v", name, err)
		}
	}
}

func TestPassphraseRefuses(t *testing.T) {
	t.Parallel()
	if _, err := Passphrase(auth.Secret{}, NewSalt()); err == nil {
		t.Error("an empty passphrase is taken")
	}
	if _, err := Passphrase(auth.NewSecret([]byte("p")), make([]byte, SaltLen-1)); err == nil {
		t.Error("a short salt is taken")
	}
}
