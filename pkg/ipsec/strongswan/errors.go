package strongswan

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A DaemonError is a daemon that cannot be spoken with.
type DaemonError struct {
	Socket string
	Err    error
}

func (e *DaemonError) Error() string {
	switch {
	case absent(e.Err):
		return fmt.Sprintf("strongswan: charon does not run: nobody listens on %s", e.Socket)
	case errors.Is(e.Err, fs.ErrPermission):
		return fmt.Sprintf("strongswan: no permission to speak with charon on %s", e.Socket)
	}
	return fmt.Sprintf("strongswan: charon on %s: %s", e.Socket, reason(e.Err))
}

// Unwrap returns why.
func (e *DaemonError) Unwrap() error { return e.Err }

// A NegotiationError is a negotiation that did not end in security
// associations.
type NegotiationError struct {
	Peer   string
	Reason string   // in lower case
	Log    []string // what charon said of it last
	Err    error    // of the command, or why it was not waited for longer
}

func (e *NegotiationError) Error() string {
	return fmt.Sprintf("strongswan: no keys could be negotiated with %s: %s", e.Peer, e.Reason)
}

// Unwrap returns the error of the command, or why it was not waited for longer.
func (e *NegotiationError) Unwrap() error { return e.Err }

// A ConflictError is a connection of the host that has the same ends, and would
// come to use our key.
type ConflictError struct {
	Connection string
	Peer       string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("strongswan: charon has a connection %q with a preshared key to %s, which a key of ours would change", e.Connection, e.Peer)
}

// A NotProvenError is a connection of which it cannot be shown that it was
// protected as planned.
type NotProvenError struct{ Reason string }

func (e *NotProvenError) Error() string { return "strongswan: " + e.Reason }

// A LeftoverError is something that could not be taken out of charon again.
type LeftoverError struct {
	Name string
	Err  error
}

func (e *LeftoverError) Error() string {
	return fmt.Sprintf("strongswan: %s is left in charon: %s", e.Name, reason(e.Err))
}

// Unwrap returns why.
func (e *LeftoverError) Unwrap() error { return e.Err }

// failed returns an error of this package as one with a code, which nothing was
// sent to the portal for.
func failed(err error) error {
	return coded(initiator.CodeFailedToConfigureIPsec, err)
}

// lacking returns what this system lacks, or this process may not do, as an
// error with a code.
func lacking(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return failed(err)
	}
	return coded(initiator.CodeIPsecNotSupportedOnOS, &ipsec.NoEnforcerError{Err: err})
}

// withLeftover adds to an error with a code what could not be cleaned up after
// it.
func withLeftover(err, left error) error {
	var config *initiator.ConfigError
	if left == nil || !errors.As(err, &config) {
		return err
	}
	both := *config
	both.Reason += "; " + reason(left)
	both.Err = errors.Join(config.Err, left)
	return &both
}

func coded(code uint32, err error) error {
	return &initiator.ConfigError{Code: code, What: "IPsec", Reason: reason(err), Err: err}
}

// reason returns the text of an error without the package that made it.
func reason(err error) string {
	text := err.Error()
	for _, p := range []string{"strongswan: ", "xfrm: ", "ipsec: ", "vici: ", "initiator: "} {
		text = strings.TrimPrefix(text, p)
	}
	return text
}
