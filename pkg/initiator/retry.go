package initiator

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Retryable reports whether a later try may succeed where err was the outcome:
// a connection that was not made (for want of a route, too), was lost or went
// silent, a name server that did not answer, and what RFC 7143 calls a target's
// own error (status class 3) or a transient rejection; a *MemoryError; and an error
// whose method Retryable says so. What the target refused, or what we refuse, does not
// change by itself.
func Retryable(err error) bool {
	var (
		login  *LoginError
		reject *RejectError
		async  *AsyncError
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
