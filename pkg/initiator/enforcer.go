package initiator

import (
	"context"
	"net"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// An Enforcer carries out a plan for IPsec, and knows what the system does
// already. Its methods may be called from several goroutines.
type Enforcer interface {
	// Existing says what exists between an address of ours and a portal. Not
	// permitted to look is ipsec.ExistingUnknown, never none, and so is a daemon
	// that does not tell. The time that this takes is charged to no portal, and
	// ctx ends after five seconds.
	Existing(ctx context.Context, src netip.Addr, dst netip.AddrPort) (ipsec.Existing, error)

	// Dialer prepares a protected connection. Not one byte may leave in clear
	// text, neither before the protection is there nor after it ended: the hold
	// is on the very socket, or there is no other way for the bytes. What this
	// enforcer cannot do is a *isdsc.Error with isdsc.RequestNotSupported.
	Dialer(ctx context.Context, s Secured) (SecureDialer, error)
}

// A Secured is the connection that an Enforcer is to make.
type Secured struct {
	Plan   ipsec.Plan
	Source netip.Addr
	Portal netip.AddrPort
	Device string     // network interface to bind to; empty: none
	Key    PSK        // none where the plan is in place
	Outer  netip.Addr // the gateway, in tunnel mode

	// Proposals are the algorithms to offer, as in IPsecOptions.
	Proposals string
}

// A PSK is a preshared key of IKE, and who uses it. An identity is an address, a
// domain name, or user@domain (RFC 2407, section 4.6.2).
type PSK struct {
	Secret auth.Secret
	Local  string // our identity; empty: the source address
	Remote string // that the peer has to have; empty: its address
}

// A Peer is whom IKE talks to.
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

// A SecureDialer makes one protected connection.
type SecureDialer interface {
	// DialContext connects. It is called once.
	DialContext(ctx context.Context) (net.Conn, error)

	// Proof tells, after the connection was used, what protected it. No bytes
	// counted is an error.
	Proof(ctx context.Context) (Proof, error)

	// Close takes away what was set up.
	Close() error
}

// A Proof is what an enforcer has seen of the protection of a connection.
type Proof struct {
	Enforcer   string   // who enforced it
	Mode       string   // transport or tunnel
	Exchange   string   // main, aggressive, …
	Algorithms []string // of the security associations
	SPIs       []uint32
	BytesOut   uint64
	BytesIn    uint64
}

// A KeyFunc returns the key that an initiator port and a peer share; ok is false
// where there is none. Its time is charged to no portal, and ctx ends after five seconds.
type KeyFunc func(ctx context.Context, from ports.Port, peer Peer) (key PSK, ok bool, err error)

// An OuterFunc returns the address of the gateway by which an initiator port
// reaches a destination in tunnel mode; ok is false where there is none. It has the time of
// a KeyFunc.
type OuterFunc func(ctx context.Context, from ports.Port, dst netip.Addr) (outer netip.Addr, ok bool, err error)

// IPsecOptions are what one portal has of its own for IPsec, ahead of what is
// known of its peer. They are ours; the zero value says nothing.
type IPsecOptions struct {
	Key     auth.Secret // preshared; a Service never returns it
	KeyRef  string      // in the place of Key, see LoginOptions.PasswordRef
	LocalID string      // our identity; empty: the source address
	Outer   netip.Addr  // the gateway, in tunnel mode

	// PeerID is the identity that the peer has to have in IKE: an address, a domain
	// name or user@domain, with the limits of CanonicalIdentity. In tunnel mode the
	// peer is the gateway. A key that is stored for this identity comes before one of
	// the peer's address. At another host, after a redirection, it does not count.
	// Empty: the identity that the key is stored for, else the peer's address.
	PeerID string

	// Proposals are the algorithms to offer, as ipsec.ParseProposals reads them.
	// Empty: those of the enforcer.
	Proposals string

	// RefuseUnknown refuses the connection where nobody was permitted to look
	// what exists.
	RefuseUnknown bool
}

// validate refuses what cannot be an identity, a gateway or algorithms.
// dst is the portal's address; invalid: it was given by name.
func (o *IPsecOptions) validate(dst netip.Addr) error {
	for _, id := range []string{o.LocalID, o.PeerID} {
		if id == "" {
			continue
		}
		if _, err := ofOne(id); err != nil {
			return err
		}
	}
	if o.Proposals != "" {
		if _, err := ipsec.ParseProposals(o.Proposals); err != nil {
			return &isdsc.Error{Code: isdsc.InvalidParameter, What: "IPsec proposals", Reason: errorText(err), Err: err}
		}
	}
	if o.Outer.IsValid() {
		return checkGateway(dst, o.Outer)
	}
	return nil
}
