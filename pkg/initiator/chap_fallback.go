package initiator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
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
	var login *LoginError
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
	if a.fellBack || a.result.Portal.Login.NoCHAPFallback || stageOf(err) != StageLogin || !a.algorithmSuspected(err) {
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
		return "LIO before Linux 3.15 and some Synology models take no list"
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
