package enforce

import (
	"cmp"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A Request is a connection that an Enforcer is to make.
type Request struct {
	Plan    ipsec.Plan
	Source  netip.Addr
	Portal  netip.AddrPort
	Device  string     // network interface to bind to; empty: none
	PSK     PSK        // none where the plan is in place
	Gateway netip.Addr // the gateway, in tunnel mode

	// IKE is the version of IKE; zero: version 1.
	IKE ipsec.IKEVersion

	// Proposals are the algorithms to offer, as ipsec.ParseProposals reads them;
	// empty: those of the enforcer.
	Proposals string
}

// Peer returns the other end of IKE and of IPsec: the gateway in tunnel mode, else
// the portal.
func (s *Request) Peer() netip.Addr {
	if s.Plan.Mode == ipsec.TunnelMode && !s.Plan.InPlace() {
		return s.Gateway.Unmap()
	}
	return s.Portal.Addr().Unmap()
}

// LocalID returns our identity in IKE: that of the key, else the source address.
func (s *Request) LocalID() string { return cmp.Or(s.PSK.Local, s.Source.Unmap().String()) }

// RemoteID returns the identity that the peer has to have: that of the key, else its
// address.
func (s *Request) RemoteID() string { return cmp.Or(s.PSK.Remote, s.Peer().String()) }

// Check says whether an enforcer of some means can carry the request out: whether
// the plan is within its means, with the request's key and gateway, whether IPsec can
// protect what is between its addresses, and whether its texts can be read. It is the
// one check of these: the engine asks it before it asks the Enforcer, for a connection
// and for an explanation, and an Enforcer asks it before it does anything.
//
// Its errors are those of ipsec.Plan.Check, *ipsec.RequestError, and *ipsec.FlagsError where
// the flags of the plan mean a mode of IKE version 1 and version 2 is asked for.
func (s *Request) Check(m ipsec.Means) error {
	m.Key, m.Outer = !s.PSK.Secret.IsZero(), s.Gateway
	if !s.Plan.IPsec {
		return &ipsec.RequestError{Reason: "the plan has no IPsec"}
	}
	portal := s.Portal.Addr().Unmap()
	switch err := s.Plan.Check(m).(type) {
	case *ipsec.NoOuterAddressError:
		err.Destination = portal.String()
		return err
	case *ipsec.NoKeyError:
		err.Identity = s.RemoteID()
		return err
	case error:
		return err
	}
	if !s.Source.IsValid() || !portal.IsValid() {
		return &ipsec.RequestError{Reason: "two addresses are needed"}
	}
	if s.Plan.InPlace() {
		return nil
	}
	if reason := s.unprotectable(portal); reason != "" {
		return &ipsec.UnsupportedError{Enforcer: m.Enforcer, Reason: reason}
	}
	if err := s.IKE.Validate(s.Plan.Flags, s.Plan.Origin); err != nil {
		return err
	}
	return s.parse()
}

// Exchange returns the exchange of IKE that a Proof has to have: that of the plan, or
// "ikev2".
func (s *Request) Exchange() string {
	if s.IKE == ipsec.IKEv2 {
		return ExchangeIKEv2
	}
	return s.Plan.Exchange.String()
}

// unprotectable says why no enforcer can set up protection between the addresses;
// empty: it can be set up.
func (s *Request) unprotectable(portal netip.Addr) string {
	peer := s.Peer()
	switch {
	case s.Source.Unmap().Is4() != portal.Is4() || peer.Is4() != portal.Is4():
		return "IPv4 within IPv6, or the other way round, is not supported"
	case portal.Zone() != "" || portal.IsLinkLocalUnicast() || peer.IsLinkLocalUnicast():
		// IKE identities and selectors have no place for a zone.
		return "link-local addresses cannot be protected"
	}
	return ""
}

// parse refuses identities and proposals that cannot be read.
func (s *Request) parse() error {
	for _, id := range []string{s.LocalID(), s.RemoteID()} {
		if _, err := ipsec.CanonicalIdentity(id); err != nil {
			return err
		}
	}
	p, err := ipsec.ParseProposals(s.Proposals, s.IKE)
	if err == nil {
		_, err = p.ForIKE(s.Plan.Exchange == ipsec.AggressiveMode)
	}
	if err == nil {
		_, err = p.ForESP(s.Plan.PFS)
	}
	if err != nil {
		return &ipsec.RequestError{Reason: err.Error(), Err: err}
	}
	return nil
}
