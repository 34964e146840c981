// Package hint says what to do about errors, for the people who read them. Its texts name
// the flags of the command, which are those of the fields of the options.
package hint

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// strongswan is the enforcer whose daemon may not be allowed to do aggressive mode.
const strongswan = "strongswan"

// byItself is an enforcer that takes neither a daemon nor the kernel.
const byItself = "discover can negotiate by itself (--ipsec-enforcer userspace)"

// IPsec is about protection that could not be set up, by a version of IKE; empty: the error
// says it all.
func IPsec(err error, version ipsec.IKEVersion) string {
	var (
		key         *ipsec.NoKeyError
		outer       *ipsec.NoOuterAddressError
		unsupported *ipsec.UnsupportedError
		negotiation *enforce.NegotiationError
		none        *ipsec.NoEnforcerError
	)
	switch {
	case errors.As(err, &negotiation) && negotiation.Cause != 0:
		return ofNegotiation(negotiation, version)
	case errors.As(err, &key):
		return "give the key (--ipsec-psk), or store it (discover ipsec psk set)"
	case errors.As(err, &outer):
		return "give the gateway (--ipsec-outer), or store it (discover ipsec tunnel set); where the portal ends the tunnel itself, its own address is the gateway"
	case errors.As(err, &unsupported) && unsupported.Enforcer == strongswan && unsupported.Missing.Has(ipsec.FlagAggressive):
		return byItself
	case errors.As(err, &unsupported) && unsupported.Missing.Has(ipsec.FlagIKE):
		return byItself
	case errors.As(err, &none) && none.Err != nil: // what the enforcer that was asked for takes is not there
		return byItself
	}
	return ""
}

// ofNegotiation is about keys on which the peer and we did not agree.
func ofNegotiation(e *enforce.NegotiationError, version ipsec.IKEVersion) string {
	switch e.Cause {
	case enforce.PeerSilent:
		hint := "check that IKE runs there, and the firewalls in between"
		if version != ipsec.IKEv2 {
			hint += "; a peer that only speaks IKE version 2 may not answer version 1 (--ipsec-ike 2)"
		}
		return hint
	case enforce.NoIKEProposal:
		return "offer what the peer accepts (--ipsec-proposals; legacy adds what old targets have), and check by which identity it knows this host (--ipsec-id)"
	case enforce.NoESPProposal:
		return "offer what the peer accepts (--ipsec-proposals), and check the mode and pfs (--ipsec)"
	case enforce.OtherKey, enforce.OtherKeySeems, enforce.PeerStopped:
		return "check the key (--ipsec-psk, or discover ipsec psk)"
	case enforce.KeyOrIdentity, enforce.AggressiveMode:
		return "check the key (--ipsec-psk, or discover ipsec psk) and the identities (--ipsec-id, --ipsec-peer-id)"
	case enforce.OtherIdentity:
		return "if it is the right peer, " + ofIdentity(e)
	case enforce.TrafficSelectors:
		return "check the mode (--ipsec transport or --ipsec tunnel), and what the peer protects for this host"
	case enforce.PeerSpeaksIKEv2:
		return "give --ipsec-ike 2"
	case enforce.PeerSpeaksIKEv1:
		return "give --ipsec-ike 1"
	case enforce.NoNATTraversal:
		return "have the kernel protect the connection (--ipsec-enforcer strongswan)"
	}
	return ""
}

// ofIdentity names the identity that the peer has, where it can be given.
func ofIdentity(e *enforce.NegotiationError) string {
	var identity *enforce.IdentityError
	if errors.As(e, &identity) {
		if id, err := ipsec.CanonicalIdentity(identity.Got); err == nil && id != ipsec.GroupID {
			return "give --ipsec-peer-id " + text.Shown(identity.Got)
		}
	}
	return "give its identity (--ipsec-peer-id)"
}
