package seal

import (
	"fmt"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// A WrongKeyError is a secret that another key has sealed.
type WrongKeyError struct {
	Sealed string // id of the key that sealed it
	Ours   string // id of the key that we have
}

func (e *WrongKeyError) Error() string {
	return fmt.Sprintf("wrong key: the secret was sealed with key %s, but this is %s; give the right one, or set the secret again", e.Sealed, e.Ours)
}

// A DamagedError is a secret that our key has sealed, and that has been changed
// since, or was copied from another place.
type DamagedError struct{}

func (*DamagedError) Error() string {
	return "the sealed secret was changed, or copied here from another record; set it again"
}

// A FormatError is what Seal has not returned, or a newer version of it.
type FormatError struct {
	Reason string
}

func (e *FormatError) Error() string { return "not a sealed secret: " + e.Reason }

// An AlgorithmError is a secret that is sealed by what FIPS 140-3 does not
// approve, where Go enforces that.
type AlgorithmError struct {
	Algorithm string
}

func (e *AlgorithmError) Error() string {
	return fmt.Sprintf("the secret is sealed with %s, which FIPS 140 mode forbids; run discover registry rekey --fips without that mode, or set it again in this mode", e.Algorithm)
}

// A KeyFileError is a key file that is not usable.
type KeyFileError struct {
	Path   string
	Reason string
	Err    error  // of the system, or nil
	Hint   string // what to do about it; may be empty
}

func (e *KeyFileError) Error() string {
	s := fmt.Sprintf("key file %s: %s", e.Path, e.Reason)
	if e.Err != nil {
		s += ": " + safefile.Cause(e.Err).Error()
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Unwrap returns the error of the system.
func (e *KeyFileError) Unwrap() error { return e.Err }
