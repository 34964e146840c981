package auth

import (
	"encoding/hex"
	"errors"
	"testing"
)

// The responses were computed with OpenSSL and Python: identifier 0x2a, the
// secret, and the challenge 10 11 … 1f.
func TestResponse(t *testing.T) {
	t.Parallel()
	challenge := make([]byte, 16)
	for i := range challenge {
		challenge[i] = byte(0x10 + i)
	}
	for _, tt := range []struct {
		algorithm Algorithm
		want      string
	}{
		{MD5, "8cdbcbe124c5b229ac3f06093cf2f2b6"},
		{SHA1, "d9cae7f0d7c7e424df9602c339abc2d8292e078f"},
		{SHA256, "85c7ee6a8b02e8dfa0177bc689d92c8ecd94355d41d13067e40b0489484b3ab8"},
		{SHA3_256, "7c1c0bdb400488af19c337d1183c5feeab7b2bb497c7c4a89638ffee9ac87c1f"},
	} {
		t.Run(tt.algorithm.String(), func(t *testing.T) {
			t.Parallel()
			got := tt.algorithm.response(0x2a, NewSecret([]byte("secret-secret12")), challenge)
			if hex.EncodeToString(got) != tt.want {
				t.Errorf("got %x, want %s", got, tt.want)
			}
			if len(got) != tt.algorithm.size() {
				t.Errorf("got size %d, want %d", tt.algorithm.size(), len(got))
			}
		})
	}
}

func TestAlgorithmNames(t *testing.T) {
	t.Parallel()
	names := []string{"sha3-256", "sha256", "sha1", "md5"}
	for i, a := range DefaultAlgorithms() {
		if got := a.String(); got != names[i] {
			t.Errorf("got %q, want %q", got, names[i])
		}
		if got, err := ParseAlgorithm(names[i]); got != a || err != nil {
			t.Errorf("ParseAlgorithm(%q): got %v, %v, want %v", names[i], got, err, a)
		}
	}
	for _, name := range []string{"", "MD5", "sha-256", "none", "5"} {
		_, err := ParseAlgorithm(name)
		if ce := (*ConfigError)(nil); !errors.As(err, &ce) || ce.Field != FieldAlgorithms {
			t.Errorf("ParseAlgorithm(%q): got %v, want a *ConfigError", name, err)
		}
	}
	for a, want := range map[Algorithm]string{0: "none", 9: "algorithm 9"} {
		if got := a.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
