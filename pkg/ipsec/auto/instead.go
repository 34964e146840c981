package auto

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// instead reports an error of Daemon after which Own makes the connection: the daemon or
// the hold on sockets cannot be had, or the kernel has no ESP. It is none where the peer was
// asked and something else failed, nor where something was left behind.
func (e *Enforcer) instead(err error) bool {
	var (
		left        *strongswan.LeftoverError
		noESP       *strongswan.NoESPError
		negotiation *enforce.NegotiationError
	)
	switch {
	case errors.As(err, &left):
		return false
	case errors.As(err, &noESP):
		e.unusable.Store(noESP)
		return true
	case errors.As(err, &negotiation):
		return false
	}
	return reason(err) != err //nolint:errorlint // reason returns what it was given
}

// reason returns what of an error says that the daemon or a hold cannot be had; the error
// itself where nothing does.
func reason(err error) error {
	var (
		noESP  *strongswan.NoESPError
		daemon *strongswan.DaemonError
		hold   *xfrm.HoldError
		none   *ipsec.NoEnforcerError
	)
	switch {
	case errors.As(err, &noESP):
		return noESP
	case errors.As(err, &daemon):
		return daemon
	case errors.As(err, &hold):
		return hold
	case errors.As(err, &none) && none.Err != nil:
		return none.Err
	case errors.As(err, &none):
		return errors.New("there is none")
	}
	return err
}
