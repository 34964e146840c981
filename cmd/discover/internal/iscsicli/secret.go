package iscsicli

import (
	"encoding/hex"
	"fmt"
	"io"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// A Secret is an argument in the place of a secret: the secret, or where it is.
// It does not print.
type Secret struct {
	Given bool // false: it is not specified
	text  string
}

// Empty reports a secret that is given, and of no length.
func (s Secret) Empty() bool { return s.Given && s.text == "-" }

// Argument returns what stands in the place.
func (s Secret) Argument() string { return s.text }

// Literal returns the bytes of an argument that is the secret: those of its text
// or, after 0x, of its digits. Its error is an *initiator.Error.
func (s Secret) Literal() ([]byte, error) {
	if len(s.text) < 2 || s.text[:2] != "0x" && s.text[:2] != "0X" {
		return []byte(s.text), nil
	}
	b, err := hex.DecodeString(s.text[2:])
	if err != nil || len(b) == 0 {
		return nil, &initiator.Error{Stage: initiator.StageValidate, Err: &isdsc.Error{
			Code: isdsc.Win32InvalidParameter, What: "secret", Reason: "0x must be followed by hexadecimal digits, two for each byte",
		}}
	}
	return b, nil
}

// Format prints the secret as little as auth.Secret does.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }
