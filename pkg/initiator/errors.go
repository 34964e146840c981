package initiator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An Error is the failure of one portal.
type Error struct {
	Stage   Stage
	Portal  Portal         // as asked for
	Address netip.AddrPort // in use; invalid before there was one
	Source  netip.Addr     // our address; invalid before there was one
	Err     error          // the cause
	Hint    string         // what to do about it; may be empty
	Tries   int            // how often the portal was asked; 0: not more than once
}

// Error tells the whole story in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("initiator: ")
	if e.Portal.Address == "" {
		return b.String() + message(e.Err) // it is not about a portal
	}
	b.WriteString(map[Stage]string{
		StageValidate: "portal ", StageResolve: "resolve ", StageSelectPort: "select a port to ", StageSecure: "secure ",
		StageConnect: "connect to ", StageLogin: "login to ", StageDiscover: "discovery at ", StageLogout: "logout from ", StageStore: "store ",
	}[e.Stage])
	b.WriteString(text.Shown(e.Portal.String()))
	if e.Address.IsValid() && e.Address.String() != e.Portal.String() {
		fmt.Fprintf(&b, " (%s)", e.Address)
	}
	if e.Source.IsValid() {
		fmt.Fprintf(&b, " from %s", e.Source)
	}
	b.WriteString(": ")
	if both := (*CHAPFallbackError)(nil); e.Stage != StageLogin && errors.As(e.Err, &both) {
		b.WriteString("login ") // which the first try came to
	}
	b.WriteString(strings.TrimPrefix(message(e.Err), "portal: ")) // said already
	if e.Tries > 1 {
		fmt.Fprintf(&b, ", after %d tries", e.Tries)
	}
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// message returns an error's text without what the line around it says already:
// the package that made it, and the addresses.
func message(err error) string {
	var (
		both   *CHAPFallbackError
		config *isdsc.Error
		op     *net.OpError
		dns    *net.DNSError
	)
	switch {
	case errors.As(err, &both): // it makes a message of each of the two
	case errors.As(err, &config): // not what it wraps, which is about something else
	case errors.As(err, &op):
		return Reason(op.Err)
	case errors.As(err, &dns):
		return dns.Err
	}
	return Reason(err)
}

// Reason returns what an error says without the name of the package that made it, for
// use within another message. What an isdsc.Error wraps is left out.
func Reason(err error) string {
	var both *CHAPFallbackError
	var config *isdsc.Error
	var call *os.SyscallError
	switch {
	case errors.As(err, &both):
		return strings.TrimPrefix(both.Error(), "initiator: ")
	case errors.As(err, &config):
		return config.What + ": " + config.Reason // whatever it wraps
	case ipsecCode(err) != 0:
		return strings.TrimPrefix(err.Error(), "ipsec: ") // likewise
	case errors.Is(err, io.EOF):
		return "the target closed the connection"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the target closed the connection in the middle of a PDU"
	case errors.As(err, &call):
		return call.Err.Error()
	}
	s := err.Error()
	for _, prefix := range []string{"initiator: ", "session: ", "auth: ", "ipsec: ", "xfrm: ", "strongswan: ", "pdu: ", "sqlite: ", "seal: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}

// A RedirectError is a redirection that was not followed (RFC 7143, section
// 11.13.5).
type RedirectError struct {
	Status  pdu.Status
	Address string // where the target sent us, quoted; empty: it did not say
	Reason  string // why we did not go
}

func (e *RedirectError) Error() string {
	to := e.Address
	if to == "" {
		to = "nowhere"
	}
	return fmt.Sprintf("initiator: %s, redirected to %s: %s", e.Status, to, e.Reason)
}

// A TimeoutError is a portal that took longer than it may.
type TimeoutError struct {
	Limit time.Duration // what it had; 0: what the system gave it
}

func (e *TimeoutError) Error() string {
	if e.Limit == 0 {
		return "initiator: no answer in time"
	}
	return fmt.Sprintf("initiator: no answer within %s", e.Limit.Round(time.Millisecond))
}

// Timeout reports true, as in net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Is reports that e is context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// A MemoryError is an answer for which there was no room, since results of other
// portals that wait to be taken have it. The portal did nothing wrong: it would have
// found room alone, and may be asked again (see Retryable). Where the portal itself sent
// more than it may take, the error is a *pdu.LimitError.
type MemoryError struct {
	Limit int64 // bytes in memory for all portals, such as Discoverer.MaxHeld
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("initiator: no memory for its targets: waiting results of other portals take too much of the %d bytes for all portals", e.Limit)
}

// memoryHint is what to do about a MemoryError.
const memoryHint = "ask this portal again when the others are done"
