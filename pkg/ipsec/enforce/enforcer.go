package enforce

import (
	"context"
	"net"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// An Enforcer carries out a plan for IPsec, and knows what the system does
// already. Its methods may be called from several goroutines. Package enforcetest
// tests what is promised here.
//
// Its errors are those of package ipsec: *ipsec.NoEnforcerError where the system
// lacks what it takes, those of Request.Check, *ipsec.UnsupportedError where only
// the negotiation shows that a plan is beyond it, and *ipsec.ConfigureError for any
// other reason for which there is no protection. Errors have one line, and no key
// in it.
type Enforcer interface {
	// Means returns the name of the enforcer and what it can do at best, without a
	// key and a gateway. It does not look at the system.
	Means() ipsec.Means

	// Existing says what exists between an address of ours and a portal. Not
	// permitted to look is ipsec.ExistingUnknown, never none, and so is a daemon
	// that does not tell. The time that this takes is charged to no portal, and
	// ctx ends after five seconds.
	Existing(ctx context.Context, src netip.Addr, dst netip.AddrPort) (ipsec.Existing, error)

	// Dialer prepares a protected connection. Not one byte may leave in clear
	// text, neither before the protection is there nor after it ended: the hold
	// is on the very socket, or there is no other way for the bytes. What
	// Request.Check refuses is refused before a packet is sent. Where Dialer fails,
	// or ctx ends, nothing stays behind.
	Dialer(ctx context.Context, s Request) (Dialer, error)
}

// A Dialer makes one protected connection.
type Dialer interface {
	// DialContext connects, from Request.Source to Request.Portal. It is called
	// once. Where the protection keeps it from connecting the error is an
	// *ipsec.ConfigureError; what the network says is returned as it is.
	DialContext(ctx context.Context) (net.Conn, error)

	// Proof tells, after the connection was used, what protected it. No bytes
	// counted is an error.
	Proof(ctx context.Context) (Proof, error)

	// Close takes away what was set up. It is due after each successful call of
	// Enforcer.Dialer, and called once, after the connection was closed.
	Close() error
}

// An Announcer is an Enforcer that says beforehand whether it would make a
// connection.
type Announcer interface {
	Enforcer

	// Announce returns the name of the enforcer that a Proof of the connection would
	// have, or the error with which Dialer would refuse it, as far as that is known
	// beforehand. It sets nothing up, and sends nothing to the peer.
	Announce(ctx context.Context, s Request) (enforcer string, err error)
}

// The codes of what an Enforcer tells of no portal in particular, where it has a
// function for that.
const (
	WarnSwept  ipsec.WarningCode = "ipsec-swept"  // what earlier discoveries had left behind was taken away
	WarnDaemon ipsec.WarningCode = "ipsec-daemon" // the IKE daemon gives no answer
)

// WarnWideSelectors is the code of a warning of a Proof: the peer agrees only on traffic
// selectors that are wider than the connection.
const WarnWideSelectors ipsec.WarningCode = "ipsec-wide-selectors"
