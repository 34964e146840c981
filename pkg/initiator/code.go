package initiator

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Code returns the number that the reference API has for a failure: an
// ISDSC_STATUS or a Win32 error. It is 0 for nil, and isdsc.NonSpecificError where
// nothing fits better.
func Code(err error) uint32 {
	if err == nil {
		return isdsc.Success
	}
	var (
		config      *isdsc.Error
		login       *pdu.LoginError
		redirect    *RedirectError
		dns         *net.DNSError
		negotiation *pdu.NegotiationError
		reject      *pdu.RejectError
		limit       *pdu.LimitError
		memory      *MemoryError
		answer      *target.AnswerError
		own         interface{ ISDSC() uint32 } // an error that knows its number
		at          *Error
	)
	switch {
	case errors.As(err, &config):
		return config.Code
	case errors.As(err, &own):
		return own.ISDSC()
	case ipsecCode(err) != 0:
		return ipsecCode(err)
	case errors.Is(err, context.Canceled):
		return isdsc.Win32Cancelled
	case errors.As(err, &redirect):
		return statusCode(redirect.Status)
	case errors.As(err, &login):
		return statusCode(login.Status)
	case auth.IsFailure(err):
		return isdsc.AuthenticationFailure
	case errors.As(err, &dns):
		return isdsc.DNSNameUnresolved
	case errors.As(err, &negotiation):
		if negotiation.Key == pdu.KeyAuthMethod {
			return isdsc.AuthenticationFailure
		}
		return isdsc.LoginFailed
	case errors.As(err, &limit):
		if errors.As(err, &at) && at.Stage == StageLogin {
			return isdsc.LoginFailed
		}
		return isdsc.InvalidSendTargetsText
	case errors.As(err, &memory):
		return isdsc.OutOfResources
	case errors.As(err, &answer):
		return isdsc.InvalidSendTargetsText
	case errors.As(err, &reject):
		return isdsc.NonSpecificError // the login is long over
	case errors.Is(err, isdsc.ErrCacheCorrupted):
		return isdsc.CacheCorrupted
	case errors.As(err, &at):
		return stageCode(at.Stage, err)
	}
	return isdsc.NonSpecificError
}

// ipsecCode returns the code of an error of package ipsec, which enforcers return as
// well; 0: it is none. What the error wraps does not count: it is about the system
// that failed the enforcer, and not about the portal.
func ipsecCode(err error) uint32 {
	var (
		configure   *ipsec.ConfigureError
		unsupported *ipsec.UnsupportedError
		enforcer    *ipsec.NoEnforcerError
		key         *ipsec.NoKeyError
		outer       *ipsec.NoOuterAddressError
		request     *ipsec.RequestError
		proposals   *ipsec.ProposalsError
		flags       *ipsec.FlagsError
		require     *ipsec.RequireError
		unknown     *ipsec.UnknownError
	)
	switch {
	case errors.As(err, &configure):
		return isdsc.FailedToConfigureIPsec
	case errors.As(err, &unsupported):
		return isdsc.RequestNotSupported
	case errors.As(err, &enforcer):
		return isdsc.IPsecNotSupportedOnOS
	case errors.As(err, &key):
		return isdsc.TargetPresharedKeyUnavailable
	case errors.As(err, &outer):
		return isdsc.NoTunnelOuterModeAddress
	case errors.As(err, &request), errors.As(err, &proposals):
		return isdsc.InvalidParameter
	case errors.As(err, &flags), errors.As(err, &require), errors.As(err, &unknown):
		return planCode(err)
	}
	return 0
}

// authCode returns the code of CHAP settings that are not usable. What the
// reference API calls the target's secret is the one that we answer with.
func authCode(err error) uint32 {
	var config *auth.ConfigError
	if errors.As(err, &config) {
		switch config.Field {
		case auth.FieldSecret:
			return isdsc.InvalidTargetCHAPSecret
		case auth.FieldTargetSecret:
			return isdsc.InvalidInitiatorCHAPSecret
		case auth.FieldSecrets:
			return isdsc.InvalidCHAPSecret
		case auth.FieldUser, auth.FieldTargetUser:
			return isdsc.InvalidCHAPUserName
		}
	}
	return isdsc.InvalidParameter
}

// stageCode returns the code of what has none but the stage that it happened at.
func stageCode(stage Stage, err error) uint32 {
	var (
		protocol *pdu.ProtocolError
		format   *pdu.FormatError
		text     *pdu.TextError
		op       *net.OpError
	)
	switch stage {
	case StageResolve:
		return isdsc.DNSNameUnresolved
	case StageConnect:
		return isdsc.ConnectionFailed
	case StageStore:
		if errors.Is(err, fs.ErrPermission) {
			return isdsc.Win32AccessDenied
		}
		return isdsc.NonSpecificError
	}
	switch {
	case errors.As(err, &text) && stage == StageLogin:
		return isdsc.InvalidTextKey
	case errors.As(err, &protocol), errors.As(err, &text):
		if stage == StageDiscover {
			return isdsc.InvalidSendTargetsText
		}
		return isdsc.LoginFailed
	case errors.As(err, &format) && stage == StageLogin:
		return isdsc.LoginFailed
	case errors.As(err, &op) && op.Op == "write":
		return isdsc.SendFailed
	case stage == StageLogin, stage == StageDiscover:
		return isdsc.TransportError
	}
	return isdsc.NonSpecificError
}

// statusCode returns the code of a login status (RFC 7143, section 11.13.5). The
// block of the reference API follows the RFC's one to one.
func statusCode(s pdu.Status) uint32 {
	switch s {
	case pdu.StatusMovedPermanently:
		return isdsc.TargetMovedPermanently
	case pdu.StatusAuthFailure:
		return isdsc.AuthenticationFailure
	case pdu.StatusAuthorizationFailed:
		return isdsc.AuthorizationFailure
	case pdu.StatusNotFound:
		return isdsc.NotFound
	case pdu.StatusTargetRemoved:
		return isdsc.TargetRemoved
	case pdu.StatusUnsupportedVersion:
		return isdsc.UnsupportedVersion
	case pdu.StatusTooManyConnections:
		return isdsc.TooManyConnections
	case pdu.StatusMissingParameter:
		return isdsc.MissingParameter
	case pdu.StatusCannotInclude:
		return isdsc.CantIncludeInSession
	case pdu.StatusSessionTypeUnknown:
		return isdsc.SessionTypeNotSupported
	case pdu.StatusNoSuchSession:
		return isdsc.InvalidSessionID
	case pdu.StatusServiceUnavailable:
		return isdsc.ServiceUnavailable
	case pdu.StatusOutOfResources:
		return isdsc.OutOfResources
	}
	switch s.Class() {
	case pdu.ClassRedirection:
		return isdsc.TargetMovedTemporarily
	case pdu.ClassInitiatorError:
		return isdsc.InitiatorError
	case pdu.ClassTargetError:
		return isdsc.TargetError
	}
	return isdsc.LoginFailed
}

// Retryable reports whether a later try may succeed where err was the outcome:
// a connection that was not made (for want of a route, too), was lost or went
// silent, a name server that did not answer, and what RFC 7143 calls a target's
// own error (status class 3) or a transient rejection; a *MemoryError; and an error
// whose method Retryable says so. What the target refused, or what we refuse, does not
// change by itself.
func Retryable(err error) bool {
	var (
		login  *pdu.LoginError
		reject *pdu.RejectError
		async  *pdu.AsyncError
		dns    *net.DNSError
		op     *net.OpError
		memory *MemoryError
		own    interface{ Retryable() bool } // an error that knows it
	)
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &login):
		return login.Status.Class() == pdu.ClassTargetError
	case errors.As(err, &reject):
		return reject.Reason.Transient()
	case errors.As(err, &async), errors.As(err, &memory):
		return true
	case errors.As(err, &own):
		return own.Retryable()
	case errors.As(err, &dns):
		return dns.IsTemporary || dns.IsTimeout
	case errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ENETUNREACH):
		return true
	}
	var config *isdsc.Error
	return errors.As(err, &op) && !errors.As(err, &config) && ipsecCode(err) == 0
}

// Silent reports whether err says that the portal did not answer: there was no connection
// to it in time, and nothing refused one.
func Silent(err error) bool {
	var (
		timeout *TimeoutError
		errno   syscall.Errno
	)
	return stageOf(err) == StageConnect && (errors.As(err, &timeout) || errors.As(err, &errno) && errno == syscall.ETIMEDOUT)
}
