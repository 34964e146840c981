package enforce

import (
	"context"
	"net"
	"net/netip"

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
	Dialer(ctx context.Context, s Request) (Dialer, error)
}

// A Secured is the connection that an Enforcer is to make.
type Request struct {
	Plan   ipsec.Plan
	Source netip.Addr
	Portal netip.AddrPort
	Device string     // network interface to bind to; empty: none
	Key    PSK        // none where the plan is in place
	Outer  netip.Addr // the gateway, in tunnel mode

	// Proposals are the algorithms to offer, as in IPsecOptions.
	Proposals string
}

// A Dialer makes one protected connection.
type Dialer interface {
	// DialContext connects. It is called once.
	DialContext(ctx context.Context) (net.Conn, error)

	// Proof tells, after the connection was used, what protected it. No bytes
	// counted is an error.
	Proof(ctx context.Context) (Proof, error)

	// Close takes away what was set up.
	Close() error
}

// An Announcer is an Enforcer that tells beforehand who would make a connection.
type Announcer interface {
	Enforcer

	// Announce returns the name that a Proof of the connection would have for who
	// made it, or why nobody could: a *isdsc.Error. It sets nothing up, and sends
	// nothing to the peer.
	Announce(ctx context.Context, s Request) (enforcer string, err error)
}
