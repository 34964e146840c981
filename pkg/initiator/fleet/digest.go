package fleet

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// A Digest is the SHA-256 of an answer, see Encode.
type Digest [32]byte

// String returns the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether there is none.
func (d Digest) IsZero() bool { return d == Digest{} }

// AppendText appends the digest in hexadecimal; nothing where there is none.
func (d Digest) AppendText(b []byte) ([]byte, error) {
	if d.IsZero() {
		return b, nil
	}
	return hex.AppendEncode(b, d[:]), nil
}

// MarshalText is AppendText for JSON.
func (d Digest) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalText reads what MarshalText makes.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Digest{}
		return nil
	}
	read, ok := parseDigest(string(b))
	if !ok {
		return fmt.Errorf("a digest of an answer has %d hexadecimal digits in lower case", hex.EncodedLen(len(d)))
	}
	*d = read
	return nil
}

func parseDigest(s string) (d Digest, ok bool) {
	if len(s) != hex.EncodedLen(len(d)) || strings.ToLower(s) != s {
		return Digest{}, false
	}
	_, err := hex.Decode(d[:], []byte(s))
	return d, err == nil && !d.IsZero()
}
