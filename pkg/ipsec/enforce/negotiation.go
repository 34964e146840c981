package enforce

import (
	"fmt"
	"strconv"
)

// A Cause is why a negotiation of keys failed, as far as it can be told. Zero: it cannot.
type Cause uint8

// The causes.
const (
	PeerSilent       Cause = iota + 1 // the peer answers nothing
	PeerStopped                       // the peer answered, and then no more
	NoIKEProposal                     // the peer takes none of the proposals for IKE, or does not know us
	NoESPProposal                     // the peer takes none of the proposals for ESP
	OtherKeySeems                     // the ends could not read each other's messages, which another key explains, and little else
	OtherKey                          // the peer's proof of the key was wrong
	KeyOrIdentity                     // the peer refuses the key or the identity
	OtherIdentity                     // the peer is another one than it should be
	AggressiveMode                    // the peer refuses aggressive mode, the key or the identity
	TrafficSelectors                  // the peer does not agree on which traffic to protect, or on the mode
	PeerSpeaksIKEv1                   // and version 2 was asked for
	PeerSpeaksIKEv2                   // and version 1 was asked for
	NoNATTraversal                    // the peer cannot have ESP within UDP
	Phase2Silent                      // the peer is authenticated, and does not answer in phase 2
)

// AggressiveOption is what strongSwan has to be told, to do aggressive mode with preshared
// keys.
const AggressiveOption = "i_dont_care_about_security_and_use_aggressive_mode_psk"

// texts are the causes in words. Package strongswan and package userspace tell the same
// cause by the same text.
var texts = map[Cause]string{
	PeerSilent:       "the peer does not answer IKE (UDP ports 500 and 4500)",
	PeerStopped:      "the peer stopped answering; it may have a different preshared key",
	NoIKEProposal:    "the peer accepts none of the proposals for IKE (algorithms), or does not know us",
	NoESPProposal:    "the peer accepts none of the proposals for IPsec (algorithms, PFS or mode)",
	OtherKeySeems:    "the peer seems to have a different preshared key: set the same key at both ends",
	OtherKey:         "the peer has a different preshared key: set the same key at both ends",
	KeyOrIdentity:    "the peer refuses the key or the identity",
	AggressiveMode:   "the peer refuses aggressive mode, the key or the identity; if it is strongSwan, it uses aggressive mode with preshared keys only if " + AggressiveOption + " = yes is set in its strongswan.conf",
	TrafficSelectors: "the peer does not agree on which traffic to protect, or on the mode",
	PeerSpeaksIKEv1:  "the peer speaks IKEv1, and IKEv2 was asked for",
	PeerSpeaksIKEv2:  "the peer speaks IKEv2, and IKEv1 was asked for",
	NoNATTraversal:   "the peer has no NAT traversal, and ESP without UDP takes the kernel's IPsec",
	Phase2Silent:     "the peer does not answer in phase 2",
}

// String returns the cause in words; empty for zero and OtherIdentity, which an
// *IdentityError tells.
func (c Cause) String() string { return texts[c] }

// A NegotiationError is a negotiation that did not end in security associations.
type NegotiationError struct {
	Peer          string // its address
	Cause         Cause
	Reason        string   // in lower case
	Step          string   // the message that was waited for; empty: not known
	Notify        uint16   // the type of the notify that the peer sent; 0: none, or not known
	Authenticated bool     // the notify is the peer's own
	Log           []string // what an IKE daemon said of it last
	Err           error    // a *KeyError, an *IdentityError, of a daemon's command, or of the context; may be nil
}

func (e *NegotiationError) Error() string {
	return fmt.Sprintf("the negotiation with %s failed: %s", e.Peer, e.Reason)
}

// Unwrap returns what is in Err.
func (e *NegotiationError) Unwrap() error { return e.Err }

// A KeyError is a peer that has another preshared key.
type KeyError struct {
	// Seems: the ends could not read each other's messages, which another key
	// explains, and little else. Not set: the peer's proof of the key was wrong.
	Seems bool
}

func (e *KeyError) Error() string {
	if e.Seems {
		return OtherKeySeems.String()
	}
	return OtherKey.String()
}

// An IdentityError is a peer that says it is another one than it should be.
type IdentityError struct {
	Got  string // what the peer says, at most 256 bytes
	Want string
}

func (e *IdentityError) Error() string {
	return fmt.Sprintf("the peer identifies itself as %s, but its identity should be %s", strconv.QuoteToASCII(e.Got), strconv.QuoteToASCII(e.Want))
}

// A NotProvenError is a connection of which it cannot be shown that it was protected as
// planned.
type NotProvenError struct{ Reason string }

func (e *NotProvenError) Error() string { return e.Reason }

// A LostError is a connection whose security associations went away. What was still to be
// sent stayed here.
type LostError struct {
	Reason string // how, or which; in lower case
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the security associations of the connection are gone (%s)", e.Reason)
}
