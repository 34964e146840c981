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

// An Error is the failure of one portal. It says how far the attempt came, the portal,
// the address in use, our source address and what the target said, and wraps the cause.
// [Code] returns the number that the reference API has for it, [Retryable] reports
// whether a later try may succeed. The causes, as errors.As finds them:
//
//   - [*isdsc.Error]: the portal, its options or the Discoverer cannot be used; nothing
//     was sent. [*ipsec.NoEnforcerError] and the like: no protection by IPsec.
//   - [*pdu.LoginError], [*pdu.RejectError], [*pdu.AsyncError]: the target refused the
//     login or the request, or ended the session. [*RedirectError]: it sent the login
//     to an address where the Discoverer does not go.
//   - [*auth.ProofError], [*auth.ReflectionError], [*auth.KeyError],
//     [*auth.AlgorithmError], [*auth.RejectionError], [*CHAPFallbackError]: CHAP failed.
//   - [*pdu.NegotiationError], [*pdu.ProtocolError], [*pdu.LimitError]: no agreement on a
//     key, an answer that breaks the protocol, or more of it than the limits allow.
//   - [*MemoryError]: results of other portals left no memory for the answer.
//   - [*TimeoutError], which is context.DeadlineExceeded as well; *net.OpError and
//     *net.DNSError from the network.
type Error struct {
	Stage   Stage
	Portal  Portal         // as asked for
	Address netip.AddrPort // in use; invalid before there was one
	Source  netip.Addr     // our address; invalid before there was one
	Err     error          // the cause
	Hint    string         // what to do about it; may be empty
	Foreign string         // at StageLogin: what listens there, where its bytes are those of another protocol, such as "an HTTP server"; empty: not known
	Tries   int            // how often the portal was asked; 0: not more than once
}

// Error tells the whole story in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Portal.Address == "" {
		return e.message() // it is not about a portal
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
	b.WriteString(strings.TrimPrefix(e.message(), "portal: ")) // said already
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

// message returns the text of the cause. That of a store in a network is whole: its
// addresses are not those of the line around it.
func (e *Error) message() string {
	var config *isdsc.Error
	if e.Stage == StageStore && !errors.As(e.Err, &config) && e.Err != nil {
		return e.Err.Error()
	}
	return message(e.Err)
}

// message returns an error's text without what the line around it says already:
// the addresses.
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

// Reason returns what an error says for use within another message: a connection that
// the target closed in words, a failed system call without its name. What an isdsc.Error
// wraps is left out.
func Reason(err error) string {
	var both *CHAPFallbackError
	var config *isdsc.Error
	var call *os.SyscallError
	switch {
	case errors.As(err, &both):
		return both.Error()
	case errors.As(err, &config):
		return config.What + ": " + config.Reason // whatever it wraps
	case ipsecCode(err) != 0:
		return err.Error() // likewise
	case errors.Is(err, io.EOF):
		return "the target closed the connection"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the target closed the connection in the middle of a PDU"
	case errors.As(err, &call):
		return call.Err.Error()
	}
	return err.Error()
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
	return fmt.Sprintf("%s, redirected to %s: %s", e.Status, to, e.Reason)
}

// A TimeoutError is a portal that took longer than it may.
type TimeoutError struct {
	Limit time.Duration // what it had; 0: what the system gave it
}

func (e *TimeoutError) Error() string {
	if e.Limit == 0 {
		return "no answer in time"
	}
	return fmt.Sprintf("no answer within %s", e.Limit.Round(time.Millisecond))
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
	return fmt.Sprintf("no memory for its targets: waiting results of other portals take too much of the %d bytes for all portals", e.Limit)
}

// memoryHint is what to do about a MemoryError.
const memoryHint = "ask this portal again when the others are done"

// A Stage says how far a discovery came.
type Stage uint8

// The stages, in order.
const (
	StageValidate   Stage = iota // the portal and its options
	StageResolve                 // host name to addresses
	StageSelectPort              // the source address
	StageSecure                  // IPsec
	StageConnect                 // TCP
	StageLogin
	StageDiscover // SendTargets
	StageLogout   // never fails a discovery
	StageStore    // the registry
)

// String returns the name that the command prints.
func (s Stage) String() string {
	return [...]string{"validate", "resolve", "select-port", "secure", "connect", "login", "discover", "logout", "store"}[s]
}

// A stagedError is an error within an attempt, with the stage that failed. Whether
// another port, another address or another hop is tried depends on the stage. Callers
// of the package get an *Error instead, which fail makes of it.
type stagedError struct {
	stage Stage
	err   error
}

func (e *stagedError) Error() string { return e.err.Error() }

func (e *stagedError) Unwrap() error { return e.err }

// at says that a stage failed with err. An error that has its stage keeps it.
func at(stage Stage, err error) error {
	var (
		known *stagedError
		whole *Error
	)
	if err == nil || errors.Is(err, errStopped) || errors.As(err, &known) || errors.As(err, &whole) {
		return err
	}
	return &stagedError{stage, err}
}

// stageOf returns the stage that failed with err.
func stageOf(err error) Stage {
	var (
		known *stagedError
		whole *Error
	)
	switch {
	case errors.As(err, &whole):
		return whole.Stage
	case errors.As(err, &known):
		return known.stage
	}
	return StageValidate
}

// unstaged returns err without its stage.
func unstaged(err error) error {
	var known *stagedError
	if errors.As(err, &known) {
		return known.err
	}
	return err
}
