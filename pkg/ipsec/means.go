package ipsec

import "net/netip"

// Means are what is at hand to carry a plan out with, for one portal.
type Means struct {
	Enforcer string     // its name; empty: there is none
	Can      Flags      // the modes, exchanges and PFS that it can do
	Key      bool       // there is a preshared key: of the portal's identity, else the group's
	Outer    netip.Addr // where the tunnel to the portal ends; invalid: not defined
}

// Check returns nil where the means are enough to connect under the plan, which
// is always so without IPsec and where the protection is in place. Otherwise it
// returns, and looks for in this order, a *NoEnforcerError, an
// *UnsupportedError, a *NoKeyError or a *NoOuterAddressError. None of them is a
// reason to connect in clear text.
func (p Plan) Check(m Means) error {
	if !p.IPsec || p.InPlace() {
		return nil
	}
	missing := p.needs() &^ m.Can
	switch {
	case m.Enforcer == "":
		return &NoEnforcerError{}
	case missing != 0:
		return &UnsupportedError{Enforcer: m.Enforcer, Missing: missing}
	case !m.Key:
		return &NoKeyError{}
	case p.Mode == TunnelMode && !m.Outer.IsValid():
		return &NoOuterAddressError{}
	}
	return nil
}

// needs returns the flags that an enforcer must be able to do.
func (p Plan) needs() Flags {
	f := FlagTransport
	if p.Mode == TunnelMode {
		f = FlagTunnel
	}
	if p.Exchange == AggressiveMode {
		f |= FlagAggressive
	} else {
		f |= FlagMain
	}
	if p.PFS {
		f |= FlagPFS
	}
	return f
}
