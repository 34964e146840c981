package enforce

import (
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// A PSK is a preshared key of IKE, and the identities of the two ends that use it. An identity is an address, a
// domain name, or user@domain (RFC 2407, section 4.6.2).
type PSK struct {
	Secret auth.Secret
	Local  string // our identity; empty: the source address
	Remote string // that the peer has to have; empty: its address
}

// A Peer is the other end of IKE.
type Peer struct {
	Addr netip.Addr // of the portal, or of the gateway in tunnel mode
	Name string     // of the portal, where it was given by name

	ID      string // the identity that it has to have, where the portal says so (IPsecOptions.PeerID)
	LocalID string // the identity that we use towards it, where the portal says so (IPsecOptions.LocalID)
}

// String names the peer in an error.
func (p Peer) String() string {
	if p.ID == "" {
		return p.Addr.String()
	}
	return p.ID + " at " + p.Addr.String()
}
