package initiator

import (
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// limitHint is for a target that sent more than we accept.
const limitHint = "raise the limit if that portal is to be trusted with it"

// hint says what to do about a failure; empty where the cause says it all.
func (a *attempt) hint(err error) string {
	switch a.stage {
	case StageResolve:
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			return "check the host name"
		}
	case StageConnect:
		return connectHint(err)
	case StageLogin:
		return a.loginHint(err)
	case StageDiscover:
		var limit *LimitError
		if errors.As(err, &limit) {
			return limitHint
		}
	}
	return ""
}

// connectHint is about TCP.
func connectHint(err error) string {
	var timeout *TimeoutError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check the address and the TCP port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this host has no such source address, or no free TCP port at it"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "no more files may be open: see ulimit -n"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "check the route to it"
	case errors.As(err, &timeout):
		return "check the route to it and the firewalls between"
	}
	return ""
}

// loginHint is about the login exchange.
func (a *attempt) loginHint(err error) string {
	if what := a.conn.foreign(); what != "" {
		return "it answers like " + what + ": check the TCP port"
	}
	chap := a.result.Portal.Login.authType() != NoAuth
	var (
		login       *LoginError
		negotiation *NegotiationError
		timeout     *TimeoutError
	)
	switch {
	case errors.As(err, &login) && a.meansSHA1(login) && login.Status == pdu.StatusInitiatorError:
		return "it chose SHA-256 and did not take the response: tgt computes SHA-1 there, so offer MD5 or allow the fallback to it"
	case errors.As(err, &login) && chap && a.result.Auth.Method == "" && login.Status == pdu.StatusAuthFailure:
		return "the host that we were sent to wants CHAP, and credentials stay with the first: let them go along if it can be trusted with them"
	case errors.As(err, &login):
		return statusHint(login.Status, chap, a.result.InitiatorName)
	case errors.As(err, &negotiation):
		switch negotiation.Key {
		case pdu.KeyAuthMethod:
			return "the portal does not do CHAP for discovery: ask it without"
		case pdu.KeyHeaderDigest, pdu.KeyDataDigest:
			return "the portal does not do this digest: prefer it rather than demand it"
		}
	case errors.As(err, &timeout):
		return "something listens there and does not speak iSCSI, or is overloaded"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		if chap {
			return "some targets close where CHAP is not set up for discovery, or the initiator name is unknown"
		}
		return "some targets close where they want CHAP, do not know the initiator name, or have no targets"
	}
	return ""
}

// statusHint is about a status of RFC 7143.
func statusHint(status pdu.Status, chap bool, name string) string {
	switch status {
	case pdu.StatusAuthFailure:
		if chap {
			return "check the CHAP name and secret, and whether the portal does CHAP for discovery"
		}
		return "the portal wants CHAP for discovery: give a CHAP name and secret"
	case pdu.StatusAuthorizationFailed, pdu.StatusNotFound:
		return "the portal does not serve initiator " + name
	case pdu.StatusServiceUnavailable, pdu.StatusOutOfResources, pdu.StatusTargetError:
		return "try again later"
	}
	return ""
}
