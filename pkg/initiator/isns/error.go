package isns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// A Stage is where an exchange with a server failed.
type Stage string

// The stages.
const (
	StageValidate Stage = "validate" // nothing was sent
	StageResolve  Stage = "resolve"  // the host name of the server
	StageConnect  Stage = "connect to"
	StageRegister Stage = "register at"
	StageQuery    Stage = "query"
	StageNotices  Stage = "listen for notices of"
)

// Word returns the stage as one word: validate, resolve, connect, register, query or
// listen.
func (s Stage) Word() string {
	word, _, _ := strings.Cut(string(s), " ")
	return word
}

// An Error is an exchange with a server that failed. Err says why.
type Error struct {
	Stage  Stage
	Server initiator.Portal
	Source netip.Addr // of ours; invalid: not known
	Err    error
}

func (e *Error) Error() string {
	from := ""
	if e.Source.IsValid() {
		from = " from " + e.Source.String()
	}
	stage := string(e.Stage) + " "
	if e.Stage == StageValidate {
		stage = ""
	}
	return fmt.Sprintf("%siSNS server %s%s: %s", stage, net.JoinHostPort(e.Server.Host(), strconv.Itoa(int(e.Server.Port))), from, e.reason())
}

// reason says why, and what to do.
func (e *Error) reason() string {
	reason := initiator.Reason(e.Err)
	var dns *net.DNSError
	if errors.As(e.Err, &dns) { // without the name, which is told
		reason = dns.Err
	}
	if errors.Is(e.Err, io.EOF) || errors.Is(e.Err, io.ErrUnexpectedEOF) {
		reason = "the server closed the connection before it had answered"
	}
	if hint := e.hint(); hint != "" {
		return reason + "; " + hint
	}
	return reason
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// ISDSC returns the number of the reference API for initiator.Code: a code of Windows
// Sockets where the connection failed.
func (e *Error) ISDSC() uint32 {
	var (
		config  *isdsc.Error
		version *VersionError
		status  *StatusError
		dns     *net.DNSError
		errno   syscall.Errno
		timeout *initiator.TimeoutError
	)
	switch {
	case errors.As(e.Err, &config):
		return config.Code
	case errors.Is(e.Err, context.Canceled):
		return isdsc.Win32Cancelled
	case errors.As(e.Err, &version):
		return isdsc.IncompatibleISNSVersion
	case errors.As(e.Err, &status):
		return statusCode(status.Status)
	case errors.As(e.Err, &dns):
		return isdsc.WSAHostNotFound
	case errors.As(e.Err, &timeout), errors.Is(e.Err, context.DeadlineExceeded), errors.Is(e.Err, os.ErrDeadlineExceeded):
		return isdsc.WSATimedOut
	case errors.As(e.Err, &errno):
		return errnoCode(errno)
	}
	return isdsc.TransportError
}

// statusCode returns the code of a refusal of the server.
func statusCode(s Status) uint32 {
	switch s {
	case StatusUnsupportedVersion:
		return isdsc.IncompatibleISNSVersion
	case StatusSourceUnknown, StatusSourceAbsent, StatusUnauthorized:
		return isdsc.AuthorizationFailure
	case StatusBusy, StatusInternalError:
		return isdsc.ServiceUnavailable
	case StatusNotSupported, StatusNotImplemented:
		return isdsc.RequestNotSupported
	}
	return isdsc.NonSpecificError
}

// errnoCode returns the code of Windows Sockets for an error of a system call.
func errnoCode(errno syscall.Errno) uint32 {
	if 10000 <= errno && errno < 12000 { // on Windows it is one
		return uint32(errno)
	}
	switch errno {
	case syscall.ECONNREFUSED:
		return isdsc.WSAConnectionRefused
	case syscall.ETIMEDOUT:
		return isdsc.WSATimedOut
	case syscall.ENETUNREACH:
		return isdsc.WSANetworkUnreachable
	case syscall.EHOSTUNREACH:
		return isdsc.WSAHostUnreachable
	case syscall.ECONNRESET, syscall.EPIPE:
		return isdsc.WSAConnectionReset
	}
	return isdsc.ConnectionFailed
}

// failed returns the Error of an exchange.
func (c *Client) failed(server netip.AddrPort, source netip.Addr, stage Stage, err error) error {
	if !source.IsValid() {
		source = c.Source
	}
	return &Error{Stage: stage, Server: initiator.Portal{Address: server.Addr().String(), Port: server.Port()}, Source: source, Err: err}
}

// A FormatError reports a message that is not one of RFC 4171. After it the connection is
// of no more use.
type FormatError struct {
	Function Function // of the message
	Reason   string   // what is wrong, in lower case; nothing of what was sent is in it but numbers
}

func (e *FormatError) Error() string { return fmt.Sprintf("bad %s: %s", e.Function, e.Reason) }

// maxVersion is the highest number that is taken for a version of iSNSP: a server of another
// protocol, such as HTTP, sends letters there.
const maxVersion = 255

// A VersionError reports a PDU of another version of iSNSP.
type VersionError struct {
	Version uint16
}

func (e *VersionError) Error() string {
	if e.Version > maxVersion {
		return "what it sent is no message of iSNS"
	}
	return fmt.Sprintf("the server speaks version %d of iSNSP, and this client version %d", e.Version, Version)
}

// A SizeError reports more than Limits allow.
type SizeError struct {
	What  string // "message", "targets", …
	Limit int    // in bytes, or their number
}

func (e *SizeError) Error() string { return fmt.Sprintf("more than %d %s", e.Limit, e.What) }

// A StatusError is a request that the server refused.
type StatusError struct {
	Function Function // of the request
	Status   Status
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the server refused %s: %s", e.Function, e.Status)
}

// An AttributeError reports the value of an attribute that is not of the kind it should be.
// It never quotes the value.
type AttributeError struct {
	Tag    Tag
	Reason string // what is wrong, in lower case
}

func (e *AttributeError) Error() string { return fmt.Sprintf("%s: %s", e.Tag, e.Reason) }
