package sweep

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A Group is what became of an address, the best first.
type Group int

// The groups.
const (
	Answered    Group = iota
	Refusing          // it speaks iSCSI, and refused the login or failed after it
	Foreign           // it takes connections, and did not speak iSCSI
	Failed            // it failed before or beside that, as with IPsec
	Refused           // it refused the connection
	Unreachable       // there is no way to it
	Silent            // it did not answer in time
	Unconnected       // this host could not try
	Interrupted       // it was asked, and had no result when the run was cancelled
	NotAsked          // a cancelled run left it out
	groups            // how many there are
)

// groupWords are how groups are written.
var groupWords = [groups]string{"answered", "refusing", "foreign", "failed", "refused", "unreachable", "silent", "unconnected", "interrupted", "not-asked"}

// String returns the word for a group.
func (g Group) String() string { return groupWords[g] }

// ParseGroup reads the word for a group; Failed: it is none.
func ParseGroup(s string) Group {
	if i := slices.Index(groupWords[:], s); i >= 0 {
		return Group(i)
	}
	return Failed
}

// SpeaksISCSI reports addresses at which there is iSCSI.
func (g Group) SpeaksISCSI() bool { return g <= Refusing }

// connected reports addresses that took the connection.
func (g Group) connected() bool { return g <= Foreign }

// NoConnection reports addresses to which there was no connection.
func (g Group) NoConnection() bool { return Refused <= g && g <= Unconnected }

// NotBegun reports a portal that a cancelled run left out.
func NotBegun(r *initiator.Result) bool {
	var e *initiator.Error
	return errors.Is(r.Err, context.Canceled) && errors.As(r.Err, &e) && e.Stage == initiator.StageValidate
}

// GroupOf returns the group of a result, and the reason in a few words without the
// address, so that equal reasons count as one.
func GroupOf(r *initiator.Result) (g Group, why string) {
	var e *initiator.Error
	switch {
	case r.Err == nil:
		return Answered, ""
	case NotBegun(r):
		return NotAsked, ""
	case errors.Is(r.Err, context.Canceled):
		return Interrupted, ""
	case !errors.As(r.Err, &e):
		return Failed, otherReasons
	case len(r.Redirects) > 0:
		return Refusing, "after a redirection"
	}
	switch e.Stage {
	case initiator.StageConnect:
		g, why = unconnected(e)
	case initiator.StageLogin:
		g, why = notLoggedIn(r, e)
	case initiator.StageDiscover, initiator.StageLogout:
		g, why = Refusing, noList(e)
	case initiator.StageSecure:
		g, why = Failed, "IPsec"
	default:
		g, why = Failed, e.Stage.String()
	}
	return g, why
}

// Word says in a word what became of a portal that did not answer.
func Word(r *initiator.Result) string {
	switch g, _ := GroupOf(r); g {
	case Silent:
		return "silent"
	case Refused:
		return "refused"
	case Unreachable:
		return "unreachable"
	}
	return "failed"
}

const otherReasons = "other reasons"

// The numbers that Windows has for errors of connecting.
const (
	wsaENETUNREACH  = syscall.Errno(10051)
	wsaECONNREFUSED = syscall.Errno(10061)
	wsaEHOSTUNREACH = syscall.Errno(10065)
)

// unconnected is about TCP.
func unconnected(err error) (Group, string) {
	if initiator.Silent(err) {
		return Silent, "no answer in time"
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return Unconnected, otherReasons
	}
	switch {
	case errno == syscall.ECONNREFUSED, runtime.GOOS == "windows" && errno == wsaECONNREFUSED:
		return Refused, errno.Error()
	case errno == syscall.ENETUNREACH, errno == syscall.EHOSTUNREACH, errno == syscall.EHOSTDOWN, errno == syscall.ENETDOWN,
		runtime.GOOS == "windows" && (errno == wsaENETUNREACH || errno == wsaEHOSTUNREACH):
		return Unreachable, errno.Error()
	}
	return Unconnected, errno.Error()
}

// notLoggedIn is about the login.
func notLoggedIn(r *initiator.Result, e *initiator.Error) (Group, string) {
	var (
		login       *pdu.LoginError
		redirect    *initiator.RedirectError
		negotiation *pdu.NegotiationError
		timeout     *initiator.TimeoutError
	)
	switch {
	case e.Foreign != "":
		return Foreign, e.Foreign
	case errors.As(e, &redirect):
		return Refusing, "a redirection that was not followed"
	case errors.As(e, &login):
		words, _, _ := strings.Cut(login.Status.String(), " (")
		return Refusing, words
	case errors.As(e, &negotiation):
		return Refusing, "no agreement on " + negotiation.Key
	case auth.IsFailure(e), r.Auth.Algorithm != 0: // the target has chosen one
		return Refusing, "CHAP"
	case isRefusal(e):
		return Refusing, "a rejected request"
	case errors.As(e, &timeout):
		return Foreign, "no answer to the login"
	case errors.Is(e, io.EOF), errors.Is(e, io.ErrUnexpectedEOF), errors.Is(e, syscall.ECONNRESET), errors.Is(e, syscall.EPIPE):
		return Foreign, "closed the connection"
	}
	return Foreign, "another protocol"
}

// isRefusal reports a PDU by which a target refuses a request or ends the session.
func isRefusal(err error) bool {
	var (
		reject *pdu.RejectError
		async  *pdu.AsyncError
	)
	return errors.As(err, &reject) || errors.As(err, &async)
}

// noList is about what follows the login.
func noList(err error) string {
	var timeout *initiator.TimeoutError
	switch {
	case isRefusal(err):
		return "a rejected request"
	case errors.As(err, &timeout):
		return "no list in time"
	}
	return "no complete list"
}
