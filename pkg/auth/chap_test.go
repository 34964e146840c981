package auth

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func secretOf(n int) Secret { return NewSecret(bytes.Repeat([]byte{'s'}, n)) }

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		set  func(c *CHAP)
		want Field // 0: valid
	}{
		{"one-way", func(*CHAP) {}, 0},
		{"no user", func(c *CHAP) { c.User = "" }, FieldUser},
		{"a user of 255 bytes", func(c *CHAP) { c.User = strings.Repeat("u", 255) }, 0},
		{"a user of 256 bytes", func(c *CHAP) { c.User = strings.Repeat("u", 256) }, FieldUser},
		{"a NUL in the user", func(c *CHAP) { c.User = "us\x00er" }, FieldUser},
		{"a user with = and a blank", func(c *CHAP) { c.User = "a=b c" }, 0},
		{"a user that is not UTF-8", func(c *CHAP) { c.User = "m\xfcller" }, 0},
		{"no secret", func(c *CHAP) { c.Secret = Secret{} }, FieldSecret},
		{"no secret, protected", func(c *CHAP) { c.Secret, c.Protected = Secret{}, true }, FieldSecret},
		{"11 bytes", func(c *CHAP) { c.Secret = secretOf(11) }, FieldSecret},
		{"12 bytes", func(c *CHAP) { c.Secret = secretOf(12) }, 0},
		{"1 byte, protected", func(c *CHAP) { c.Secret, c.Protected = secretOf(1), true }, 0},
		{"1 byte, taken as it is", func(c *CHAP) { c.Secret, c.Short = secretOf(1), true }, 0},
		{"no secret, short ones are taken", func(c *CHAP) { c.Secret, c.Short = Secret{}, true }, FieldSecret},
		{"11 bytes, short ones are taken, strict", func(c *CHAP) { c.Secret, c.Short, c.Strict = secretOf(11), true, true }, FieldSecret},
		{"mutual, both short and taken", func(c *CHAP) {
			c.Secret, c.Mutual, c.TargetSecret, c.Short = secretOf(2), true, secretOf(1), true
		}, 0},
		{"mutual, equal short secrets", func(c *CHAP) {
			c.Secret, c.Mutual, c.TargetSecret, c.Short = secretOf(2), true, secretOf(2), true
		}, FieldSecrets},
		{"255 bytes", func(c *CHAP) { c.Secret = secretOf(255) }, 0},
		{"256 bytes", func(c *CHAP) { c.Secret = secretOf(256) }, FieldSecret},
		{"16 bytes, strict", func(c *CHAP) { c.Secret, c.Strict = secretOf(16), true }, 0},
		{"17 bytes, strict", func(c *CHAP) { c.Secret, c.Strict = secretOf(17), true }, FieldSecret},
		{"17 bytes, strict and protected", func(c *CHAP) { c.Secret, c.Strict, c.Protected = secretOf(17), true, true }, FieldSecret},
		{"mutual", func(c *CHAP) { c.Mutual, c.TargetSecret = true, secretOf(13) }, 0},
		{"mutual, no target secret", func(c *CHAP) { c.Mutual = true }, FieldTargetSecret},
		{"mutual, 11 bytes", func(c *CHAP) { c.Mutual, c.TargetSecret = true, secretOf(11) }, FieldTargetSecret},
		{"mutual, 256 bytes", func(c *CHAP) { c.Mutual, c.TargetSecret = true, secretOf(256) }, FieldTargetSecret},
		{"mutual, 17 bytes, strict", func(c *CHAP) { c.Mutual, c.TargetSecret, c.Strict = true, secretOf(17), true }, FieldTargetSecret},
		{"mutual, equal secrets", func(c *CHAP) { c.Mutual, c.TargetSecret = true, secretOf(14) }, FieldSecrets},
		{"one-way, equal secrets", func(c *CHAP) { c.TargetSecret = secretOf(14) }, 0},
		{"mutual, a target user", func(c *CHAP) { c.Mutual, c.TargetSecret, c.TargetUser = true, secretOf(13), "ziel-ä" }, 0},
		{"mutual, a NUL in the target user", func(c *CHAP) { c.Mutual, c.TargetSecret, c.TargetUser = true, secretOf(13), "\x00" }, FieldTargetUser},
		{"mutual, a target user that is not UTF-8", func(c *CHAP) { c.Mutual, c.TargetSecret, c.TargetUser = true, secretOf(13), "\xfc" }, FieldTargetUser},
		{"mutual, a target user of 256 bytes", func(c *CHAP) {
			c.Mutual, c.TargetSecret, c.TargetUser = true, secretOf(13), strings.Repeat("t", 256)
		}, FieldTargetUser},
		{"one algorithm", func(c *CHAP) { c.Algorithms = []Algorithm{SHA256} }, 0},
		{"an unknown algorithm", func(c *CHAP) { c.Algorithms = []Algorithm{SHA256, 9} }, FieldAlgorithms},
		{"algorithm 0", func(c *CHAP) { c.Algorithms = []Algorithm{0} }, FieldAlgorithms},
		{"an algorithm twice", func(c *CHAP) { c.Algorithms = []Algorithm{MD5, SHA1, MD5} }, FieldAlgorithms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &CHAP{User: "user", Secret: secretOf(14)}
			tt.set(c)
			err := c.Validate()
			_, _, stepErr := c.Begin().Step(nil, nil)
			if tt.want == 0 {
				if err != nil || stepErr != nil {
					t.Errorf("got %v, and at the first step %v, want no error", err, stepErr)
				}
				return
			}
			for _, err := range []error{err, stepErr} {
				if ce := (*ConfigError)(nil); !errors.As(err, &ce) || ce.Field != tt.want {
					t.Errorf("got %v, want an error about the %s", err, tt.want)
				}
			}
		})
	}
}

// A short secret is one that is used, and of fewer than 12 bytes.
func TestHasShortSecret(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		c    CHAP
		want bool
	}{
		{"12 bytes", CHAP{Secret: secretOf(12)}, false},
		{"11 bytes", CHAP{Secret: secretOf(11)}, true},
		{"1 byte under IPsec", CHAP{Secret: secretOf(1), Protected: true}, true},
		{"none", CHAP{}, false},
		{"the target's, which is not used", CHAP{Secret: secretOf(12), TargetSecret: secretOf(3)}, false},
		{"the target's", CHAP{Secret: secretOf(12), Mutual: true, TargetSecret: secretOf(3)}, true},
	} {
		if got := tt.c.HasShortSecret(); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestOffer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		algorithms []Algorithm
		fips       bool
		want       []Algorithm // nil: an error
	}{
		{"default", nil, false, []Algorithm{SHA3_256, SHA256, SHA1, MD5}},
		{"empty", []Algorithm{}, false, []Algorithm{SHA3_256, SHA256, SHA1, MD5}},
		{"in the user's order", []Algorithm{MD5, SHA3_256, SHA1}, false, []Algorithm{MD5, SHA3_256, SHA1}},
		{"default, FIPS", nil, true, []Algorithm{SHA3_256, SHA256}},
		{"in the user's order, FIPS", []Algorithm{MD5, SHA256, SHA1, SHA3_256}, true, []Algorithm{SHA256, SHA3_256}},
		{"nothing left, FIPS", []Algorithm{SHA1, MD5}, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &CHAP{User: "user", Secret: secretOf(12), Algorithms: tt.algorithms}
			got, err := c.check(tt.fips)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if ce := (*ConfigError)(nil); tt.want == nil && (!errors.As(err, &ce) || ce.Field != FieldAlgorithms || !strings.Contains(ce.Reason, "FIPS")) {
				t.Errorf("got %v, want an error that tells of FIPS", err)
			}
		})
	}
}

// TestFIPS runs a login in a process where FIPS 140-3 is enforced, in which MD5
// and SHA-1 panic.
func TestFIPS(t *testing.T) {
	const inChild = "AUTH_TEST_FIPS"
	if os.Getenv(inChild) == "" {
		t.Parallel()
		cmd := exec.Command(os.Args[0], "-test.run=^TestFIPS$", "-test.count=1")
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=only", inChild+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	c := &CHAP{User: "user", Secret: secretOf(14), Mutual: true, TargetSecret: secretOf(15)}
	x := c.Begin()
	out, _, err := x.Step(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out), "CHAP_A=8,7\x00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, last, err := x.Step(nil, []byte("CHAP_A=7\x00CHAP_I=1\x00CHAP_C=0x1234\x00")); err != nil || !last {
		t.Errorf("got last %v, %v", last, err)
	}
	c.Algorithms = []Algorithm{MD5}
	if err := c.Validate(); err == nil {
		t.Error("got no error for md5 alone")
	}
}
