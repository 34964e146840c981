package auth

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is a password that cannot be printed: every format, encoder and log
// gets [redacted] of it, or an error where it wants to store rather than to
// show. The zero value is no secret. Compare with Equal; == does not compile.
type Secret struct {
	// A function, since fmt and its like walk the unexported fields of a struct
	// without asking its methods, and see of a function its address at most.
	bytes func() []byte
}

// NewSecret returns a secret of a copy of b. No bytes are no secret.
func NewSecret(b []byte) Secret {
	if len(b) == 0 {
		return Secret{}
	}
	kept := bytes.Clone(b)
	return Secret{bytes: func() []byte { return kept }}
}

// Len returns the length in bytes.
func (s Secret) Len() int { return len(s.reveal()) }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.bytes == nil }

// Equal reports whether both are the same, in a time that depends on their
// lengths alone.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare(s.reveal(), other.reveal()) == 1
}

// Reveal returns a copy of the bytes.
func (s Secret) Reveal() []byte { return bytes.Clone(s.reveal()) }

// reveal returns the bytes themselves.
func (s Secret) reveal() []byte {
	if s.bytes == nil {
		return nil
	}
	return s.bytes()
}

// String returns [redacted].
func (Secret) String() string { return redacted }

// GoString returns [redacted].
func (Secret) GoString() string { return redacted }

// Format writes [redacted], whatever the verb and its flags.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[redacted]". There is no way back: to read it as a secret
// is an error of encoding/json.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalBinary fails, and so does encoding/gob: a program that stores a secret has
// to reveal it.
func (Secret) MarshalBinary() ([]byte, error) {
	return nil, errors.New("a secret has no binary form")
}
