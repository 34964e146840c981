package ike

import "fmt"

// A Cause is why a negotiation failed.
type Cause uint8

// The causes.
const (
	Silent         Cause = iota + 1 // the peer sends nothing
	Stopped                         // the peer has answered, and stopped
	NoIKEProposal                   // the peer takes none of the proposals for IKE, or does not know us
	NoESPProposal                   // the peer takes none of the proposals for ESP: algorithms, PFS or mode
	OtherKeySeems                   // what the peer sends cannot be decrypted where it should be
	OtherKey                        // the peer's proof of the key is wrong
	KeyOrIdentity                   // the peer refuses the key or the identity
	OtherIdentity                   // the peer says that it is another one; Got has whom
	AggressiveMode                  // the peer refuses aggressive mode, the key or the identity
	Selectors                       // the peer does not agree on which traffic to protect, or on the mode
	SpeaksIKEv1                     // the peer speaks the other version
	SpeaksIKEv2
	NoNATT    // the peer has no NAT traversal
	Malformed // the peer's answer breaks the rules; Detail says which
	Refused   // another error notify; Notify has which
)

// A Failure is a negotiation that did not end in security associations.
type Failure struct {
	Cause         Cause
	Step          string // the message that was waited for, such as "main mode message 4"
	Notify        uint16 // that the peer sent; 0: none
	Authenticated bool   // the peer proved that the notify is its own
	Got           Identity
	Detail        string // in lower case
}

func (f *Failure) Error() string {
	return fmt.Sprintf("cause %d in %s, notify %d, authenticated %t: %s", f.Cause, f.Step, f.Notify, f.Authenticated, f.Detail)
}

// A Gone is a child that was up, and whose security associations ended.
type Gone struct {
	Reason string // in lower case, such as "the peer deleted the security associations"
}

func (g *Gone) Error() string { return g.Reason }
