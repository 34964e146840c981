package isns

import (
	"errors"
	"net"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// hint says what to do; empty: that is not known.
func (e *Error) hint() string {
	var (
		status  *StatusError
		format  *FormatError
		version *VersionError
		size    *SizeError
	)
	switch {
	case e.Stage == StageResolve:
		return resolveHint(e.Err)
	case e.Stage == StageConnect:
		return connectHint(e.Err)
	case errors.As(e.Err, &status):
		return status.Status.hint()
	case errors.As(e.Err, &size):
		return "raise the limit if you trust the server with it (--max-targets), or have its administrator put this initiator into a discovery domain with fewer targets"
	case errors.As(e.Err, &format), errors.As(e.Err, &version):
		return "is it an iSNS server that listens there?"
	}
	return ""
}

// hint says what to do about a refusal.
func (s Status) hint() string {
	switch s {
	case StatusSourceUnknown, StatusSourceAbsent:
		return "the server answers only initiators that are registered with it: register this one (--register), or have the administrator of the server do it"
	case StatusUnauthorized:
		return "the server does not allow this initiator name to ask"
	case StatusBusy, StatusInternalError:
		return "try again later"
	}
	return ""
}

// resolveHint is about the host name of a server.
func resolveHint(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "check the host name"
	case errors.As(err, &dns):
		return "check the name servers of this host, or give the address of the server"
	}
	return ""
}

// connectHint is about TCP.
func connectHint(err error) string {
	var timeout *initiator.TimeoutError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: check the address and the TCP port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this host does not have the source address, or no free TCP port on it"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "check the route"
	case errors.As(err, &timeout):
		return "check the route and the firewalls in between"
	}
	return ""
}
