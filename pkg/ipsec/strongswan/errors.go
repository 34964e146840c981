package strongswan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// A DaemonError is a daemon that cannot be spoken with.
type DaemonError struct {
	Socket string
	Err    error
}

func (e *DaemonError) Error() string {
	var busy *vici.BusyError
	switch {
	case errors.As(e.Err, &busy):
		return fmt.Sprintf("charon on %s accepts no connection, because its queue is full: %s", e.Socket, busy.Err)
	case absent(e.Err):
		return fmt.Sprintf("charon is not running: nothing listens on %s", e.Socket)
	case errors.Is(e.Err, fs.ErrPermission):
		return fmt.Sprintf("no permission to connect to charon on %s", e.Socket)
	}
	return fmt.Sprintf("charon on %s: %s", e.Socket, e.Err)
}

// Unwrap returns why.
func (e *DaemonError) Unwrap() error { return e.Err }

// absent reports that there is no charon, rather than one that does not speak
// with us. Behind a socket with a full queue there is one.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}

// A NoAnswerError is a charon that runs and gave no answer: it hangs, was
// stopped, or is overloaded. Another try may succeed.
type NoAnswerError struct {
	Waited time.Duration
	Busy   bool // it did not even accept a connection
}

func (e *NoAnswerError) Error() string {
	const enough = 100 * time.Millisecond
	if e.Busy {
		return fmt.Sprintf("it accepted no connection within %s (it may hang)", e.Waited.Round(enough))
	}
	return fmt.Sprintf("no answer within %s (it may hang)", e.Waited.Round(enough))
}

// Timeout reports true, as in net.Error.
func (e *NoAnswerError) Timeout() bool { return true }

// Is reports that e is context.DeadlineExceeded.
func (e *NoAnswerError) Is(target error) bool { return target == context.DeadlineExceeded }

// A ListError is a list of charon's that is longer than what is read of one.
type ListError struct {
	Command string // by which charon lists it
	Limit   int    // bytes
}

func (e *ListError) Error() string {
	return fmt.Sprintf("charon's answer to %s has more than %d bytes, and was not read to its end", e.Command, e.Limit)
}

// A ConflictError is a connection of the host that has the same ends, or may have
// them, and would come to use our key.
type ConflictError struct {
	Connection string
	Peer       string
	Unresolved string // a name of its ends that could not be looked up; empty: they are the same
	Err        error  // why not
}

func (e *ConflictError) Error() string {
	if e.Unresolved != "" {
		return fmt.Sprintf("charon has a connection %q with a preshared key and an end %q that cannot be looked up (%s): our key for %s could change it",
			e.Connection, e.Unresolved, lookupReason(e.Err), e.Peer)
	}
	return fmt.Sprintf("charon has a connection %q with a preshared key to %s, which our key would change", e.Connection, e.Peer)
}

// Unwrap returns why a name could not be looked up.
func (e *ConflictError) Unwrap() error { return e.Err }

// lookupReason is why a name could not be looked up, without the name.
func lookupReason(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.Err
	}
	return err.Error()
}

// A NoESPError is a kernel that has no ESP, so that charon cannot give it keys.
type NoESPError struct{}

func (*NoESPError) Error() string {
	return "IKE succeeded, but the kernel has no ESP to use the keys with"
}

// A LeftoverError is something that could not be taken out of charon again.
type LeftoverError struct {
	Name string
	Err  error
}

func (e *LeftoverError) Error() string {
	return fmt.Sprintf("%s is left in charon: %s", e.Name, e.Err)
}

// Unwrap returns why.
func (e *LeftoverError) Unwrap() error { return e.Err }

// failed returns an error of this package as one of the contract: nothing was sent
// to the portal.
func failed(err error) error {
	return &ipsec.ConfigureError{Reason: err.Error(), Err: err}
}

// lacking returns what this system lacks, or this process may not do, as an error
// of the contract.
func lacking(err error) error {
	var daemon *DaemonError
	if errors.Is(err, fs.ErrPermission) || errors.As(err, &daemon) && !absent(daemon.Err) {
		return failed(err) // it is there, and may answer another time
	}
	return &ipsec.NoEnforcerError{Err: err}
}

// withLeftover adds to an error of a negotiation what could not be cleaned up after
// it.
func withLeftover(err, left error) error {
	if left == nil {
		return err
	}
	switch e := err.(type) { //nolint:errorlint // what failed and negotiate return is not wrapped
	case *ipsec.ConfigureError:
		return &ipsec.ConfigureError{Reason: e.Reason + "; " + left.Error(), Err: errors.Join(e.Err, left)}
	case *ipsec.UnsupportedError:
		both := *e
		both.Reason += "; " + left.Error()
		both.Err = errors.Join(e.Err, left)
		return &both
	}
	return err
}
