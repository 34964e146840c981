package initiator

import (
	"context"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// CanonicalIdentity is ipsec.CanonicalIdentity with an *isdsc.Error of
// isdsc.InvalidParameter for what is no identity.
func CanonicalIdentity(id string) (string, error) {
	canonical, err := ipsec.CanonicalIdentity(id)
	return canonical, coded(err)
}

// ofOne returns the canonical form of an identity that is one end's. ipsec.GroupID is
// not: it stands for all peers.
func ofOne(id string) (string, error) {
	canonical, err := CanonicalIdentity(id)
	if err == nil && canonical == ipsec.GroupID {
		err = &isdsc.Error{Code: isdsc.InvalidParameter, What: "identity " + id, Reason: "this word means all peers, but one peer is needed here: give an address, a domain name or user@domain"}
	}
	return canonical, err
}

// A PSKFunc returns the key that an initiator port and a peer share; ok is false
// where there is none. Its time is charged to no portal, and ctx ends after five seconds.
type PSKFunc func(ctx context.Context, from ports.Port, peer enforce.Peer) (key enforce.PSK, ok bool, err error)

// A GatewayFunc returns the address of the gateway by which an initiator port
// reaches a destination in tunnel mode; ok is false where there is none. It has the time of
// a PSKFunc.
type GatewayFunc func(ctx context.Context, from ports.Port, dst netip.Addr) (outer netip.Addr, ok bool, err error)

// IPsecOptions are what one portal has of its own for IPsec, ahead of what is
// known of its peer. They are ours; the zero value says nothing.
type IPsecOptions struct {
	PSK     auth.Secret // preshared; a Service never returns it
	PSKRef  string      // in the place of PSK, see login.Options.PasswordRef
	LocalID string      // our identity; empty: the source address
	Gateway netip.Addr  // the gateway, in tunnel mode

	// PeerID is the identity that the peer has to have in IKE: an address, a domain
	// name or user@domain, with the limits of CanonicalIdentity. In tunnel mode the
	// peer is the gateway. A key that is stored for this identity comes before one of
	// the peer's address. At another host, after a redirection, it does not count.
	// Empty: the identity that the key is stored for, else the peer's address.
	PeerID string

	IKE       ipsec.IKEVersion // zero: 1; version 2 contradicts FlagMain and FlagAggressive
	Proposals string           // the algorithms to offer (ipsec.ParseProposals); empty: the enforcer's

	// RefuseUnknown refuses the connection where what exists is not known.
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
		if _, err := ipsec.ParseProposals(o.Proposals, o.IKE); err != nil {
			return &isdsc.Error{Code: isdsc.InvalidParameter, What: "IPsec proposals", Reason: Reason(err), Err: err}
		}
	}
	if o.Gateway.IsValid() {
		return CheckGateway(dst, o.Gateway)
	}
	return nil
}

// CheckGateway refuses what cannot be the gateway to a destination. An invalid
// destination is one that is not known yet. The destination itself can be: that is a
// host that ends the tunnel itself.
func CheckGateway(destination, outer netip.Addr) error {
	refuse := func(reason string) error {
		return &isdsc.Error{Code: isdsc.InvalidHost, What: "outer address", Reason: outer.String() + reason}
	}
	outer, destination = outer.Unmap(), destination.Unmap()
	switch {
	case !outer.IsValid() || !zone.IsHost(outer):
		return refuse(" is not the address of a host")
	case outer.IsLoopback():
		return refuse(" is this host, which is no gateway to another")
	case outer.Is6() && outer.IsLinkLocalUnicast() && outer.Zone() == "":
		return refuse(" is link-local, and without a zone it means no host in particular: add the zone, as in fe80::1%eth0")
	case destination.IsValid() && destination.Is4() != outer.Is4():
		return refuse(" cannot be the gateway to " + destination.String() + ": one is IPv4 and the other IPv6, and a tunnel of one in the other is not supported")
	}
	return nil
}
