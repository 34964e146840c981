package seal

import "fmt"

const (
	formatVersion = 1
	headerLen     = 2 + idLen

	// minLen is the length that each algorithm needs for one byte: a nonce of 12
	// bytes and a tag of 16 at least.
	minLen = headerLen + 12 + 16 + 1

	// MaxLen bounds a secret.
	MaxLen = 64 << 10
)

// appendHeader appends what stands before nonce and ciphertext.
func appendHeader(b []byte, a algorithm, id keyID) []byte {
	return append(append(b, formatVersion, byte(a)), id[:]...)
}

// parseHeader takes sealed apart.
func parseHeader(sealed []byte) (a algorithm, id keyID, body []byte, err error) {
	switch {
	case len(sealed) < minLen:
		return 0, id, nil, &FormatError{Reason: fmt.Sprintf("%d bytes, less than %d", len(sealed), minLen)}
	case len(sealed) > minLen+MaxLen+64:
		return 0, id, nil, &FormatError{Reason: fmt.Sprintf("%d bytes", len(sealed))}
	case sealed[0] != formatVersion:
		return 0, id, nil, &FormatError{Reason: fmt.Sprintf("format %d, and we know %d", sealed[0], formatVersion)}
	}
	a = algorithm(sealed[1])
	if a != xChaCha20Poly1305 && a != aes256GCM {
		return 0, id, nil, &FormatError{Reason: a.String() + ", which we do not know"}
	}
	return a, keyID(sealed[2:headerLen]), sealed[headerLen:], nil
}

// bind returns what is authenticated beside the secret. The header has a fixed
// length, so that nothing of it passes for context.
func bind(header []byte, context string) []byte {
	return append(header[:headerLen:headerLen], context...)
}

// Approved reports whether something is sealed by what FIPS 140-3 approves.
func Approved(sealed []byte) bool {
	a, _, _, err := parseHeader(sealed)
	return err == nil && a.approved()
}
