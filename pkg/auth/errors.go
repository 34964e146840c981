package auth

import (
	"errors"
	"fmt"
	"strconv"
)

// A Field is a setting of [CHAP] that is not usable.
type Field uint8

// The fields.
const (
	FieldUser         Field = iota + 1
	FieldSecret             // too short, too long, or missing
	FieldTargetUser         // the name that is expected of the target
	FieldTargetSecret       // too short, too long, or missing
	FieldSecrets            // both are the same
	FieldAlgorithms         // unknown, repeated, or forbidden
)

// String returns the name for errors. Vendors do not agree on which secret they call
// the initiator's, so the names say who authenticates with it.
func (f Field) String() string {
	switch f {
	case FieldUser:
		return "user name"
	case FieldSecret:
		return "secret we authenticate with"
	case FieldTargetUser:
		return "target's user name"
	case FieldTargetSecret:
		return "secret the target authenticates with"
	case FieldSecrets:
		return "secrets"
	case FieldAlgorithms:
		return "algorithms"
	}
	return "field " + strconv.Itoa(int(f))
}

// A ConfigError is a setting of our own that CHAP cannot be done with. Nothing
// was sent.
type ConfigError struct {
	Field  Field
	Reason string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("CHAP: %s: %s", e.Field, e.Reason)
}

// A KeyError is a key of the target that is malformed, missing, repeated or out
// of place.
type KeyError struct {
	Key    string // CHAP_A, CHAP_C, CHAP_I, CHAP_N or CHAP_R; empty: another, or none
	Reason string // in lower case
	Err    error  // of the parser, or nil
}

func (e *KeyError) Error() string {
	key := e.Key
	if key == "" {
		key = "keys"
	}
	s := fmt.Sprintf("CHAP: the target's %s: %s", key, e.Reason)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the parser's error.
func (e *KeyError) Unwrap() error { return e.Err }

// An AlgorithmError is a target that takes no algorithm that we offered: it
// rejected all of them, or chose another.
type AlgorithmError struct {
	Offered []Algorithm // in order
	Chosen  uint64      // the target's CHAP_A; means nothing where Answer is set

	// Answer is the word with which the target rejected all algorithms in CHAP_A:
	// Reject, or wrongly NotUnderstood or Irrelevant (RFC 7143, section 6.2).
	// Empty: it chose one that we did not offer.
	Answer string
}

func (e *AlgorithmError) Error() string {
	if e.Answer != "" {
		return fmt.Sprintf("CHAP: the target rejected all algorithms that we offered (%s): CHAP_A=%s", names(e.Offered), e.Answer)
	}
	return fmt.Sprintf("CHAP: we offered algorithms %s; the target chose %d", numbers(e.Offered), e.Chosen)
}

// A RejectionError is a target that answered a key of our response with a word
// that rejects it: Reject, or wrongly NotUnderstood or Irrelevant (RFC 7143,
// section 6.2).
type RejectionError struct {
	Key    string // CHAP_N, CHAP_R, CHAP_I, CHAP_C or CHAP_A
	Answer string // the word
}

func (e *RejectionError) Error() string {
	return fmt.Sprintf("CHAP: the target rejected our response: %s=%s", e.Key, e.Answer)
}

// A ReflectionError is a target that tried to make us do its proof, or did it
// with our secret (RFC 7143, section 9.2.1).
type ReflectionError struct {
	Key string // CHAP_C: a challenge of ours came back; CHAP_R: our secret made it
}

func (e *ReflectionError) Error() string {
	if e.Key == keyChallenge {
		return "CHAP: the target sent our own challenge back"
	}
	return "CHAP: the target authenticated with our secret instead of its own"
}

// A ProofError is an authentication that was asked for and did not happen.
type ProofError struct {
	Key    string // CHAP_N or CHAP_R: missing, or not what it should be; empty: the target skipped CHAP
	Reason string // in lower case
}

func (e *ProofError) Error() string {
	if e.Key == "" {
		return "CHAP: " + e.Reason
	}
	return fmt.Sprintf("CHAP: the target did not authenticate: %s %s", e.Key, e.Reason)
}

// IsFailure reports whether err is, or wraps, a failure of CHAP in which the target has a
// part: a proof that is wrong, our own challenge, a key, a choice of an algorithm or a
// rejection that the exchange cannot go on with. Settings of ours that cannot be used are a
// [*ConfigError], and none.
func IsFailure(err error) bool {
	var (
		proof      *ProofError
		reflection *ReflectionError
		key        *KeyError
		algorithm  *AlgorithmError
		rejection  *RejectionError
	)
	return errors.As(err, &proof) || errors.As(err, &reflection) || errors.As(err, &key) || errors.As(err, &algorithm) || errors.As(err, &rejection)
}
