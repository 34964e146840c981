package ipsec

import "net/netip"

// Means are what is at hand to carry a plan out with, for one portal.
type Means struct {
	Enforcer string     // its name; empty: there is none
	Can      Flags      // the modes, exchanges and PFS that it can do; without FlagIKE it negotiates no keys
	Key      bool       // there is a preshared key: of the portal's identity, else the group's
	Outer    netip.Addr // where the tunnel to the portal ends; invalid: not defined
}

// Check returns nil where the means are enough to connect under the plan, which
// is always so without IPsec, and with an enforcer where the protection is in
// place. Otherwise it returns, and looks for in this order, a *NoEnforcerError, a
// *NoOuterAddressError, a *NoKeyError or an *UnsupportedError: the gateway comes
// before the key, since in tunnel mode the key is the gateway's. None of them is a
// reason to connect in clear text.
func (p Plan) Check(m Means) error {
	if !p.IPsec {
		return nil
	}
	missing := p.AsFlags() &^ FlagValid &^ m.Can
	switch {
	case m.Enforcer == "":
		return &NoEnforcerError{}
	case p.InPlace():
		return nil
	case p.Mode == TunnelMode && !m.Outer.IsValid():
		return &NoOuterAddressError{}
	case !m.Key:
		return &NoKeyError{}
	case missing != 0:
		return &UnsupportedError{Enforcer: m.Enforcer, Missing: missing}
	}
	return nil
}
