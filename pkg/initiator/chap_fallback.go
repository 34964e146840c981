package initiator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/session"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// algorithmSuspected reports whether the target ended the login at a step of CHAP
// where the algorithm may be at fault: it refused a list of several, or chose
// another than MD5 and refused our response. It may do so with status 0x0200 or
// 0x0201, by rejecting the key, or by closing the connection.
func (a *attempt) algorithmSuspected(err error) bool {
	if a.chap == nil || a.result.Auth.Method != a.chap.Name() {
		return false
	}
	switch a.conn.login.AuthProgress() {
	case session.AuthOffered:
		return len(offered(a.chap)) > 1 && (chapRefused(err) || closedByTarget(err))
	case session.AuthAnswered:
		return a.result.Auth.Algorithm != auth.MD5 && (chapRefused(err) || closedByTarget(err))
	}
	return false
}

// chapRefused reports that the target refused authentication in words: with a
// status, or by rejecting a key of CHAP.
func chapRefused(err error) bool {
	var login *pdu.LoginError
	if errors.As(err, &login) {
		return login.Status == pdu.StatusInitiatorError || login.Status == pdu.StatusAuthFailure
	}
	return rejectedKey(err) != ""
}

// rejectedKey returns the key of CHAP that the target rejected, with its word; empty:
// it rejected none.
func rejectedKey(err error) string {
	var algorithm *auth.AlgorithmError
	var response *auth.RejectionError
	switch {
	case errors.As(err, &algorithm) && algorithm.Answer != "":
		return "CHAP_A=" + algorithm.Answer
	case errors.As(err, &response):
		return response.Key + "=" + response.Answer
	}
	return ""
}

// closedByTarget reports that the target closed the connection when it had read what we
// sent. Where writing failed it had closed before.
func closedByTarget(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "write" {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// mayFallBack reports whether a login that failed is tried once more, with MD5
// alone: the algorithm may be at fault, MD5 is on offer and usable, and there was
// no second try before.
func (a *attempt) mayFallBack(err error) bool {
	if a.fellBack || a.result.Asked.Login.NoCHAPFallback || stageOf(err) != StageLogin || !a.algorithmSuspected(err) {
		return false
	}
	return slices.Contains(offered(a.chap), auth.MD5) && md5Usable(a.chap)
}

// fallBack returns the method of the second try. All else in it stays as it is:
// where the target has to prove itself, it has to there, too.
func (a *attempt) fallBack(method *auth.CHAP, first error) *auth.CHAP {
	a.fellBack = true
	a.firstTry = &CHAPFallbackError{First: unstaged(first), Algorithm: a.result.Auth.Algorithm, Offered: offered(method)}
	return withMD5(method)
}

// bothFailed returns the error of a second try that failed: of both tries, unless
// the caller stopped the second.
func (a *attempt) bothFailed(ctx context.Context, err error) error {
	var late *TimeoutError
	stopped := ctx.Err() != nil && !errors.As(context.Cause(ctx), &late)
	if err == nil || a.firstTry == nil || stopped || errors.Is(err, errStopped) {
		return err
	}
	both := *a.firstTry
	both.Second = unstaged(err)
	return at(stageOf(err), &both)
}

// fellBackWell warns of a first try that failed, once the second has logged in.
func (a *attempt) fellBackWell() {
	if a.firstTry != nil && a.result.Auth.Algorithm == auth.MD5 {
		a.warnings.add(WarnCHAPFallback, "%s", a.firstTry.warning())
	}
	a.firstTry = nil
}

// offered returns the algorithms of a method, in order.
func offered(method *auth.CHAP) []auth.Algorithm {
	if len(method.Algorithms) == 0 {
		return auth.DefaultAlgorithms()
	}
	return method.Algorithms
}

// withMD5 returns method with MD5 as its only algorithm.
func withMD5(method *auth.CHAP) *auth.CHAP {
	md5 := *method
	md5.Algorithms = []auth.Algorithm{auth.MD5}
	return &md5
}

// md5Usable reports whether MD5 may be used at all, which FIPS mode forbids.
func md5Usable(method *auth.CHAP) bool { return withMD5(method).Validate() == nil }

// knownMistake says which targets are known to refuse an algorithm that they
// chose, or with 0 a list of several; empty: none are.
func knownMistake(a auth.Algorithm) string {
	switch a {
	case 0:
		return "LIO before Linux 3.15 and some Synology models accept no list"
	case auth.SHA256:
		return "tgt computes SHA-1 under SHA-256's number"
	case auth.SHA3_256:
		return "SCST before January 2026 computes an empty digest for SHA3-256"
	}
	return ""
}

// inBrackets returns a remark as it stands behind a sentence.
func inBrackets(remark string) string {
	if remark == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", remark)
}

// A CHAPFallbackError is a login that failed twice: with the algorithms of CHAP
// that were to be offered, and with MD5 alone. It unwraps to the second failure,
// which decides about Code and Retryable.
type CHAPFallbackError struct {
	First  error // a *pdu.LoginError, *auth.AlgorithmError, *auth.RejectionError, or of the connection that the target closed
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
	return what + inBrackets(e.detail()) + ", and with MD5: " + message(e.Second)
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
	var first, second *pdu.LoginError
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
	var status *pdu.LoginError
	remark := ""
	if errors.As(e.First, &status) {
		remark = inBrackets(knownMistake(e.Algorithm))
	}
	if e.Algorithm == 0 {
		return e.listFate() + " " + algorithmNames(e.Offered) + inBrackets(rejectedKey(e.First)) + "; MD5 alone worked" + remark
	}
	fate := "refused our response"
	if closedByTarget(e.First) {
		fate = "closed the connection at our response"
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
