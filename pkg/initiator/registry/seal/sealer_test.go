package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// fixed returns a Sealer whose key is made of one byte.
func fixed(b byte, fips bool) *Sealer {
	s := newSealer(func(algorithm, bool) ([]byte, error) { return bytes.Repeat([]byte{b}, materialLen), nil })
	s.fips = fips
	return s
}

// modes are the two worlds that a Sealer may live in.
var modes = map[string]bool{"usual": false, "FIPS": true}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for mode, fips := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := fixed(1, fips)
			for _, secret := range []string{"x", "twelve bytes", "\x00\xff binary\n", strings.Repeat("long", MaxLen/4)} {
				for _, context := range []string{"", "portal/192.0.2.1\x00password\x00v1"} {
					sealed := mustSeal(t, s, secret, context)
					opened, err := s.Open(sealed, context)
					if err != nil || !opened.Equal(auth.NewSecret([]byte(secret))) {
						t.Errorf("secret of %d bytes, context %q: %v", len(secret), context, err)
					}
					if len(secret) > 4 && bytes.Contains(sealed, []byte(secret)[:5]) {
						t.Error("the secret is readable in what is sealed")
					}
				}
			}
		})
	}
}

// TestFlips flips each bit of what is sealed: none of them goes unnoticed.
func TestFlips(t *testing.T) {
	t.Parallel()
	for mode, fips := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := fixed(1, fips)
			sealed := mustSeal(t, s, "twelve bytes", "context")
			for i := range 8 * len(sealed) {
				flipped := bytes.Clone(sealed)
				flipped[i/8] ^= 1 << (i % 8)
				if _, err := s.Open(flipped, "context"); err == nil {
					t.Errorf("bit %d of byte %d: it opens", i%8, i/8)
				}
			}
			for n := range sealed {
				if _, err := s.Open(sealed[:n], "context"); err == nil {
					t.Errorf("cut after %d bytes: it opens", n)
				}
			}
			if _, err := s.Open(append(bytes.Clone(sealed), 0), "context"); err == nil {
				t.Error("with a byte more it opens")
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for mode, fips := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := fixed(1, fips)
			sealed := mustSeal(t, s, "twelve bytes", "row 1\x00password")

			_, err := s.Open(sealed, "row 2\x00password")
			var damaged *DamagedError
			if !errors.As(err, &damaged) {
				t.Errorf("copied to another row: got %v, want a DamagedError", err)
			}

			_, err = fixed(2, fips).Open(sealed, "row 1\x00password")
			var wrong *WrongKeyError
			if !errors.As(err, &wrong) || wrong.Sealed == wrong.Ours || len(wrong.Sealed) != 2*idLen {
				t.Errorf("another key: got %v, want a WrongKeyError with both ids", err)
			}

			for _, sealed := range [][]byte{nil, []byte("twelve bytes"), append([]byte{2}, sealed[1:]...), append([]byte{1, 3}, sealed[2:]...), make([]byte, 2*MaxLen)} {
				_, err = s.Open(sealed, "row 1\x00password")
				var format *FormatError
				if !errors.As(err, &format) {
					t.Errorf("%.20x: got %v, want a FormatError", sealed, err)
				}
			}
		})
	}
}

// TestOtherAlgorithm: what was sealed in one mode and is opened in the other.
func TestOtherAlgorithm(t *testing.T) {
	t.Parallel()
	opened, err := fixed(1, false).Open(mustSeal(t, fixed(1, true), "twelve bytes", "c"), "c")
	if err != nil || !opened.Equal(auth.NewSecret([]byte("twelve bytes"))) {
		t.Errorf("sealed in FIPS mode, opened in the usual one: %v", err)
	}
	_, err = fixed(1, true).Open(mustSeal(t, fixed(1, false), "twelve bytes", "c"), "c")
	var algorithm *AlgorithmError
	if !errors.As(err, &algorithm) || algorithm.Algorithm != "XChaCha20-Poly1305" {
		t.Errorf("sealed in the usual mode, opened in FIPS mode: got %v, want an AlgorithmError", err)
	}
}

// golden is "twelve bytes", sealed with the key of fixed(1) for "context".
var golden = map[string][]byte{
	"XChaCha20-Poly1305": unhex(`
		01 01 14b73f763776d5e7
		239ee14eb363498e9e225de0dcaf952263692d302249bbca
		2c416dde09e11fb7f9c03dfa 9a820bf368ab00a83cf6eb70fdaf7241`),
	"AES-256-GCM": unhex(`
		01 02 14b73f763776d5e7
		f68b3b9d35a7d4f8b3139f51
		c91095310c3b83190ce5490e 15b3dd1c77177539d77a7c440cec5948`),
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// TestGolden opens what this package has sealed before: the format is for ever.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, sealed := range golden {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened, err := fixed(1, false).Open(sealed, "context")
			if err != nil || !opened.Equal(auth.NewSecret([]byte("twelve bytes"))) {
				t.Errorf("it does not open: %v", err)
			}
		})
	}
}

func TestSealRefuses(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]auth.Secret{"none": {}, "too long": auth.NewSecret(make([]byte, MaxLen+1))} {
		if _, err := fixed(1, false).Seal(secret, ""); err == nil || !strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want an error", name, err)
		}
	}
}

// TestFresh: the same secret is never sealed to the same bytes.
func TestFresh(t *testing.T) {
	t.Parallel()
	for _, fips := range modes {
		s := fixed(1, fips)
		a, b := mustSeal(t, s, "twelve bytes", ""), mustSeal(t, s, "twelve bytes", "")
		if bytes.Equal(a[headerLen:headerLen+12], b[headerLen:headerLen+12]) {
			t.Error("a nonce came twice")
		}
	}
}

// TestNothingShows prints a Sealer and its errors in every way.
func TestNothingShows(t *testing.T) {
	t.Parallel()
	passphrase := "correct horse battery staple"
	s, err := Passphrase(auth.NewSecret([]byte(passphrase)), make([]byte, SaltLen))
	if err != nil {
		t.Fatal(err)
	}
	s.fips = true // PBKDF2 is the faster one
	sealed := mustSeal(t, s, "twelve bytes", "c")
	_, wrong := fixed(1, true).Open(sealed, "c")
	_, damaged := s.Open(sealed, "d")
	_, format := s.Open([]byte("twelve bytes"), "c")
	_, cut := s.Open(sealed[:40], "c")
	_, file := KeyFile(filepath.Join(t.TempDir(), "none")).Open(sealed, "c")
	k := s.keys[aes256GCM]
	for _, v := range []any{s, *k, k, wrong, damaged, format, cut, file} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
			shown := fmt.Sprintf(verb, v)
			for _, secret := range []string{passphrase, "twelve bytes", hex.EncodeToString([]byte(passphrase)), hex.EncodeToString([]byte("twelve bytes"))} {
				if strings.Contains(shown, secret) {
					t.Errorf("%s of %T shows a secret", verb, v)
				}
			}
		}
	}
}

// TestTogether has several goroutines need the key at once: it is made once.
func TestTogether(t *testing.T) {
	t.Parallel()
	made := 0
	s := newSealer(func(algorithm, bool) ([]byte, error) {
		made++
		return make([]byte, materialLen), nil
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			sealed, err := s.Seal(auth.NewSecret([]byte("twelve bytes")), "c")
			if err == nil {
				_, err = s.Open(sealed, "c")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made != 1 {
		t.Errorf("the key was made %d times, want once", made)
	}
}

func mustSeal(t testing.TB, s *Sealer, secret, context string) []byte {
	t.Helper()
	sealed, err := s.Seal(auth.NewSecret([]byte(secret)), context)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}
