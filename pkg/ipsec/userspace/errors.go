package userspace

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// failed returns an error of this package as one of the contract.
func failed(err error) error {
	var configure *ipsec.ConfigureError
	if errors.As(err, &configure) {
		return err
	}
	return &ipsec.ConfigureError{Reason: err.Error(), Err: err}
}

// causes are those of package enforce for those of a machine.
var causes = map[ike.Cause]enforce.Cause{
	ike.Silent:         enforce.PeerSilent,
	ike.Stopped:        enforce.PeerStopped,
	ike.NoIKEProposal:  enforce.NoIKEProposal,
	ike.NoESPProposal:  enforce.NoESPProposal,
	ike.OtherKeySeems:  enforce.OtherKeySeems,
	ike.OtherKey:       enforce.OtherKey,
	ike.KeyOrIdentity:  enforce.KeyOrIdentity,
	ike.OtherIdentity:  enforce.OtherIdentity,
	ike.AggressiveMode: enforce.AggressiveMode,
	ike.Selectors:      enforce.TrafficSelectors,
	ike.SpeaksIKEv1:    enforce.PeerSpeaksIKEv1,
	ike.SpeaksIKEv2:    enforce.PeerSpeaksIKEv2,
	ike.NoNATT:         enforce.NoNATTraversal,
}

// refused returns the error of a negotiation that failed. why is the cause of the
// context where that ended it, and unsent why the last message could not be sent.
func refused(s *enforce.Request, f *ike.Failure, why, unsent error) error {
	e := &enforce.NegotiationError{
		Peer: s.Peer().String(), Cause: causes[f.Cause], Step: f.Step, Notify: f.Notify, Authenticated: f.Authenticated, Err: why,
	}
	switch f.Cause {
	case ike.Stopped:
		if strings.HasPrefix(f.Step, quickMode) {
			e.Cause = enforce.Phase2Silent
		}
	case ike.OtherKeySeems:
		e.Err = &enforce.KeyError{Seems: true}
	case ike.OtherKey:
		e.Err = &enforce.KeyError{}
	case ike.OtherIdentity:
		e.Err = &enforce.IdentityError{Got: f.Got.String(), Want: s.RemoteID()}
	}
	switch {
	case f.Cause == ike.Silent && unsent != nil:
		e.Cause, e.Err = 0, unsent
		e.Reason = "nothing can be sent to the peer: " + unsent.Error()
	case f.Cause == ike.OtherIdentity:
		e.Reason = e.Err.Error()
	case f.Cause == ike.Malformed:
		e.Reason = fmt.Sprintf("the peer's answer is not as it should be (%s): %s", f.Step, f.Detail)
	case f.Cause == ike.Refused:
		e.Reason = fmt.Sprintf("the peer refuses (%s) with the error %d", f.Step, f.Notify)
	default:
		e.Reason = e.Cause.String()
	}
	if f.Cause == ike.NoNATT {
		return &ipsec.UnsupportedError{Enforcer: Name, Reason: e.Error(), Err: e}
	}
	return failed(e)
}

// quickMode is how the steps of phase 2 begin in the words of package ikev1.
const quickMode = "quick mode"
