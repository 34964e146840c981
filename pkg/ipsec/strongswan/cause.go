package strongswan

import (
	"context"
	"errors"
	"slices"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// failure returns the error of a negotiation.
func (j *journal) failure(c *connection, err error) *enforce.NegotiationError {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := &enforce.NegotiationError{Peer: c.peer.String(), Log: slices.Clone(j.lines), Err: err}
	var silent *NoAnswerError
	switch {
	case errors.As(err, &silent):
		e.Reason = err.Error() // of the peer nothing is known
		return e
	case j.has(signInstall) && j.has(signUnsupported):
		none := &NoESPError{}
		e.Reason, e.Err = none.Error(), errors.Join(none, err)
		return e
	case j.local() != "":
		e.Reason = j.local()
		return e
	}
	e.Cause = j.cause(c, err)
	switch e.Cause {
	case enforce.OtherIdentity:
		e.Reason, e.Err = j.identity.Error(), errors.Join(j.identity, err)
	case enforce.OtherKey, enforce.OtherKeySeems:
		e.Reason, e.Err = e.Cause.String(), errors.Join(&enforce.KeyError{Seems: e.Cause == enforce.OtherKeySeems}, err)
	case 0:
		// What charon said last is no reason, since it may be of something else: it is in
		// the Log.
		e.Reason = err.Error()
	default:
		e.Reason = e.Cause.String()
	}
	return e
}

// has reports a sign that was seen. j.mu is held.
func (j *journal) has(s sign) bool { return j.seen[s] > 0 }

// local says what is wrong at this host, and not with the peer; empty: nothing is
// known to be. j.mu is held.
func (j *journal) local() string {
	switch {
	case j.has(signNoAggressive):
		return "charon on this host does not use aggressive mode with preshared keys: set " + enforce.AggressiveOption + " = yes in strongswan.conf, which exposes the key to guessing"
	case j.has(signInstall):
		return "IKE succeeded, but the kernel does not accept the keys"
	case j.has(signNoKey):
		return "charon does not find the key"
	}
	return ""
}

// cause returns why the peer and charon agreed on no keys, as far as it can be told.
// j.mu is held.
func (j *journal) cause(c *connection, err error) enforce.Cause {
	established := j.has(signEstablished) // so the keys are the same, and the identities are right
	switch {
	case !established && j.identity != nil:
		return enforce.OtherIdentity
	case !established && (j.has(signOtherHash) || j.has(signMAC)):
		return enforce.OtherKey
	case !established && j.unreadable():
		return enforce.OtherKeySeems
	case c.aggressive() && j.has(signAuthFailed) && !established:
		return enforce.AggressiveMode
	case j.has(signVersion) && c.ikev2:
		return enforce.PeerSpeaksIKEv1
	case j.has(signVersion):
		return enforce.PeerSpeaksIKEv2
	case j.has(signAuthFailed):
		return enforce.KeyOrIdentity
	case j.has(signNoProposal) && established:
		return enforce.NoESPProposal
	case j.has(signNoProposal):
		return enforce.NoIKEProposal
	case j.has(signInvalidID), j.has(signSelectors), j.has(signTraffic):
		return enforce.TrafficSelectors
	case established && ended(err):
		return enforce.Phase2Silent
	case ended(err) && !j.has(signReceived):
		return enforce.PeerSilent
	case ended(err):
		return enforce.PeerStopped
	}
	return 0
}

// ended reports that the negotiation was not over when it was ended.
func ended(err error) bool {
	var refusal *vici.FailedError
	return !errors.As(err, &refusal) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, errHopeless))
}
