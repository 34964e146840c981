package initiator

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// A CHAPFallbackError is a login that failed twice: with the algorithms of CHAP
// that were to be offered, and with MD5 alone. It unwraps to the second failure,
// which decides about Code and Retryable.
type CHAPFallbackError struct {
	First  error // a *LoginError, *auth.AlgorithmError, *auth.RejectionError, or of the connection that the target closed
	Second error // of any kind

	Algorithm auth.Algorithm   // that the target chose in the first try; 0: none, the list itself failed
	Offered   []auth.Algorithm // the list of the first try, in order
}

// Error tells both failures in one line.
func (e *CHAPFallbackError) Error() string {
	what := "refused with " + e.with()
	if closedByTarget(e.First) {
		what = "connection closed with " + e.with()
	}
	return "initiator: " + what + inBrackets(e.detail()) + ", and with MD5: " + message(e.Second)
}

// Unwrap returns the second failure.
func (e *CHAPFallbackError) Unwrap() error { return e.Second }

// with says what the first try failed with.
func (e *CHAPFallbackError) with() string {
	if e.Algorithm != 0 {
		return algorithmName(e.Algorithm)
	}
	return "the list " + algorithmNames(e.Offered)
}

// detail says how the target refused the first try, where the second failed in
// another way.
func (e *CHAPFallbackError) detail() string {
	var first, second *LoginError
	if !errors.As(e.First, &first) {
		return rejectedKey(e.First)
	}
	if errors.As(e.Second, &second) && second.Status == first.Status {
		return ""
	}
	return fmt.Sprintf("0x%04x", uint16(first.Status))
}

// warning says what the first try failed with, once the second has logged in.
func (e *CHAPFallbackError) warning() string {
	var status *LoginError
	remark := ""
	if errors.As(e.First, &status) {
		remark = inBrackets(knownMistake(e.Algorithm))
	}
	if e.Algorithm == 0 {
		return e.listFate() + " " + algorithmNames(e.Offered) + inBrackets(rejectedKey(e.First)) + "; MD5 alone worked" + remark
	}
	fate := "refused our answer"
	if closedByTarget(e.First) {
		fate = "closed the connection at our answer"
	}
	return "the target chose " + algorithmName(e.Algorithm) + " and " + fate + inBrackets(rejectedKey(e.First)) + "; MD5 alone worked" + remark
}

// listFate says what became of the list.
func (e *CHAPFallbackError) listFate() string {
	if closedByTarget(e.First) {
		return "the target closed the connection at the list of algorithms"
	}
	return "the target refused the list of algorithms"
}

// algorithmName returns the name of an algorithm as its standard has it.
func algorithmName(a auth.Algorithm) string {
	switch a {
	case auth.MD5:
		return "MD5"
	case auth.SHA1:
		return "SHA-1"
	case auth.SHA256:
		return "SHA-256"
	case auth.SHA3_256:
		return "SHA3-256"
	}
	return a.String()
}

func algorithmNames(list []auth.Algorithm) string {
	names := make([]string, 0, len(list))
	for _, a := range list {
		names = append(names, algorithmName(a))
	}
	return strings.Join(names, ",")
}
