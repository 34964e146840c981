package ike

import (
	"crypto/subtle"
	"fmt"
	"io"
)

const redacted = "[redacted]"

// A Secret is a key. It prints as [redacted] in every format. The zero value is no
// secret. Copies share the bytes, so that Wipe clears them all.
type Secret struct {
	bytes func() []byte // a function, since fmt walks fields, and sees of a function its address at most
}

// NewSecret returns a secret that owns b.
func NewSecret(b []byte) Secret {
	return Secret{bytes: func() []byte { return b }}
}

// Bytes returns the bytes themselves.
func (s Secret) Bytes() []byte {
	if s.bytes == nil {
		return nil
	}
	return s.bytes()
}

// Wipe overwrites the bytes with zeros. What Go or the processor copied elsewhere is not
// reached.
func (s Secret) Wipe() { clear(s.Bytes()) }

// Equal reports whether both are the same, in a time that depends on their lengths alone.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare(s.Bytes(), other.Bytes()) == 1
}

// String returns [redacted].
func (Secret) String() string { return redacted }

// GoString returns [redacted].
func (Secret) GoString() string { return redacted }

// Format writes [redacted], whatever the verb and its flags.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns [redacted].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
