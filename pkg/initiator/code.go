package initiator

import (
	"context"
	"errors"
	"io/fs"
	"net"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Code returns the number that the reference API has for a failure: an
// ISDSC_STATUS or a Win32 error. It is 0 for nil, and CodeNonSpecificError where
// nothing fits better.
func Code(err error) uint32 {
	if err == nil {
		return CodeSuccess
	}
	var (
		config      *ConfigError
		login       *LoginError
		redirect    *RedirectError
		dns         *net.DNSError
		negotiation *NegotiationError
		reject      *RejectError
		limit       *LimitError
		memory      *MemoryError
		answer      *AnswerError
		format      *RecordFormatError
		at          *Error
	)
	switch {
	case errors.As(err, &config):
		return config.Code
	case errors.Is(err, context.Canceled):
		return CodeWin32Cancelled
	case errors.As(err, &redirect):
		return statusCode(redirect.Status)
	case errors.As(err, &login):
		return statusCode(login.Status)
	case isAuth(err):
		return CodeAuthenticationFailure
	case errors.As(err, &dns):
		return CodeDNSNameUnresolved
	case errors.As(err, &negotiation):
		if negotiation.Key == pdu.KeyAuthMethod {
			return CodeAuthenticationFailure
		}
		return CodeLoginFailed
	case errors.As(err, &limit):
		if errors.As(err, &at) && at.Stage == StageLogin {
			return CodeLoginFailed
		}
		return CodeInvalidSendTargetsText
	case errors.As(err, &memory):
		return CodeOutOfResources
	case errors.As(err, &answer):
		return CodeInvalidSendTargetsText
	case errors.As(err, &reject):
		return CodeNonSpecificError // the login is long over
	case errors.As(err, &format):
		return CodeRequestNotSupported
	case errors.Is(err, ErrRegistryDamaged):
		return CodeCacheCorrupted
	case errors.As(err, &at):
		return stageCode(at.Stage, err)
	}
	return CodeNonSpecificError
}

// isAuth reports CHAP that did not happen, or did not convince.
func isAuth(err error) bool {
	var (
		proof      *auth.ProofError
		reflection *auth.ReflectionError
		key        *auth.KeyError
		algorithm  *auth.AlgorithmError
		rejection  *auth.RejectionError
	)
	return errors.As(err, &proof) || errors.As(err, &reflection) || errors.As(err, &key) || errors.As(err, &algorithm) || errors.As(err, &rejection)
}

// authCode returns the code of CHAP settings that are not usable. What the
// reference API calls the target's secret is the one that we answer with.
func authCode(err error) uint32 {
	var config *auth.ConfigError
	if errors.As(err, &config) {
		switch config.Field {
		case auth.FieldSecret:
			return CodeInvalidTargetCHAPSecret
		case auth.FieldTargetSecret:
			return CodeInvalidInitiatorCHAPSecret
		case auth.FieldSecrets:
			return CodeInvalidCHAPSecret
		case auth.FieldUser, auth.FieldTargetUser:
			return CodeInvalidCHAPUserName
		}
	}
	return CodeInvalidParameter
}

// stageCode returns the code of what has none but the stage that it happened at.
func stageCode(stage Stage, err error) uint32 {
	var (
		protocol *ProtocolError
		format   *pdu.FormatError
		text     *pdu.TextError
		op       *net.OpError
	)
	switch stage {
	case StageResolve:
		return CodeDNSNameUnresolved
	case StageConnect:
		return CodeConnectionFailed
	case StageStore:
		if errors.Is(err, fs.ErrPermission) {
			return CodeWin32AccessDenied
		}
		return CodeNonSpecificError
	}
	switch {
	case errors.As(err, &text) && stage == StageLogin:
		return CodeInvalidTextKey
	case errors.As(err, &protocol), errors.As(err, &text):
		if stage == StageDiscover {
			return CodeInvalidSendTargetsText
		}
		return CodeLoginFailed
	case errors.As(err, &format) && stage == StageLogin:
		return CodeLoginFailed
	case errors.As(err, &op) && op.Op == "write":
		return CodeSendFailed
	case stage == StageLogin, stage == StageDiscover:
		return CodeTransportError
	}
	return CodeNonSpecificError
}

// statusCode returns the code of a login status (RFC 7143, section 11.13.5). The
// block of the reference API follows the RFC's one to one.
func statusCode(s pdu.Status) uint32 {
	switch s {
	case pdu.StatusMovedPermanently:
		return CodeTargetMovedPermanently
	case pdu.StatusAuthFailure:
		return CodeAuthenticationFailure
	case pdu.StatusAuthorizationFailed:
		return CodeAuthorizationFailure
	case pdu.StatusNotFound:
		return CodeNotFound
	case pdu.StatusTargetRemoved:
		return CodeTargetRemoved
	case pdu.StatusUnsupportedVersion:
		return CodeUnsupportedVersion
	case pdu.StatusTooManyConnections:
		return CodeTooManyConnections
	case pdu.StatusMissingParameter:
		return CodeMissingParameter
	case pdu.StatusCannotInclude:
		return CodeCantIncludeInSession
	case pdu.StatusSessionTypeUnknown:
		return CodeSessionTypeNotSupported
	case pdu.StatusNoSuchSession:
		return CodeInvalidSessionID
	case pdu.StatusServiceUnavailable:
		return CodeServiceUnavailable
	case pdu.StatusOutOfResources:
		return CodeOutOfResources
	}
	switch s.Class() {
	case pdu.ClassRedirection:
		return CodeTargetMovedTemporarily
	case pdu.ClassInitiatorError:
		return CodeInitiatorError
	case pdu.ClassTargetError:
		return CodeTargetError
	}
	return CodeLoginFailed
}
