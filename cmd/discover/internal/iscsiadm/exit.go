package iscsiadm

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// The exit statuses of iscsiadm that a discovery can end with.
const (
	ExitOK        = 0
	ExitFailed    = 1  // interrupted, or a failure that has no status of its own
	ExitResolve   = 4  // the host name has no address
	ExitStore     = 6  // the registry cannot be used, or has no such record
	ExitUsage     = 7  // the command line, a key or a value
	ExitTimeout   = 11 // the portal did not answer, or not as a target does
	ExitTransport = 12 // another transport than tcp
	ExitLogin     = 19 // the login failed for good
	ExitNothing   = 21 // nothing was found
	ExitRefused   = 24 // the target refused our credentials
	ExitQuery     = 25 // the iSNS server did not answer the query
	ExitElsewhere = 27 // the real program does it
)

// QueryFailed is what iscsiadm says last of an iSNS server that did not answer.
const QueryFailed = "Could not perform iSNS discovery: iSNS query failed"

// lines are what iscsiadm says last, by exit status. Where there is none it says
// nothing of a discovery.
var lines = map[int]string{
	ExitFailed:  "caught SIGINT, exiting...",
	ExitResolve: "Could not perform SendTargets discovery: encountered connection failure",
	ExitStore:   "Could not add new discovery record.",
	ExitTimeout: "Could not perform SendTargets discovery: iSCSI PDU timed out",
	ExitLogin:   "Could not perform SendTargets discovery: encountered non-retryable iSCSI login failure",
	ExitNothing: "No portals found",
	ExitRefused: "Could not perform SendTargets discovery: iSCSI login failed due to authorization failure",
	ExitQuery:   QueryFailed,
}

// Status returns the exit status of iscsiadm for what became of a portal, and what it
// says last, without "iscsiadm: "; empty: nothing. An answer that a limit cut, or that
// could not be read, is a failure, whatever was read of it before.
func Status(r *initiator.Result) (exit int, line string) {
	switch {
	case r.Err != nil:
		return StatusOf(r.Err)
	case r.TargetsFound == 0 && len(r.Targets) == 0:
		return ExitNothing, lines[ExitNothing]
	}
	return ExitOK, ""
}

// StatusOf is Status of an error: of a discovery, of the registry or of a command line.
func StatusOf(err error) (exit int, line string) {
	var (
		usage *UsageError
		at    *initiator.Error
	)
	switch {
	case err == nil:
		return ExitOK, ""
	case errors.Is(err, context.Canceled):
		exit = ExitFailed
	case errors.As(err, &at):
		exit = stageExit(at)
	case errors.As(err, &usage):
		return usage.Status(), usage.Text
	default:
		return ExitFailed, ""
	}
	return exit, lines[exit]
}

// stageExit is StatusOf for the failure of a portal.
func stageExit(e *initiator.Error) int {
	switch e.Stage {
	case initiator.StageValidate:
		return ExitUsage
	case initiator.StageResolve:
		return ExitResolve
	case initiator.StageSecure:
		return ExitLogin
	case initiator.StageLogin:
		return loginExit(e)
	case initiator.StageStore:
		return ExitStore
	}
	return ExitTimeout
}

// loginExit is StatusOf for a login that failed. What a target says is final; a
// connection that was lost, or bytes that are no PDUs, are as if it had not answered.
func loginExit(e *initiator.Error) int {
	var (
		refused  *pdu.LoginError
		redirect *initiator.RedirectError
		format   *pdu.FormatError
		protocol *pdu.ProtocolError
		text     *pdu.TextError
		key      *pdu.NegotiationError
		reject   *pdu.RejectError
		late     *initiator.TimeoutError
	)
	switch {
	case e.Foreign != "", errors.As(e, &redirect), errors.As(e, &format):
		return ExitTimeout
	case errors.As(e, &refused):
		return refusedExit(refused.Status)
	case auth.IsFailure(e), errors.As(e, &protocol), errors.As(e, &text), errors.As(e, &key), errors.As(e, &reject),
		errors.As(e, &late), errors.Is(e, context.DeadlineExceeded):
		return ExitLogin
	}
	return ExitTimeout
}

// refusedExit is StatusOf for a status of RFC 7143.
func refusedExit(s pdu.Status) int {
	switch {
	case s == pdu.StatusAuthFailure, s == pdu.StatusAuthorizationFailed:
		return ExitRefused
	case s.Class() == pdu.ClassInitiatorError:
		return ExitLogin
	}
	return ExitTimeout
}
