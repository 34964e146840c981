package ipsec

// A Plan is what a connection is to be made under, and where that comes from. It
// holds no keys. The zero value is: no IPsec, by default.
//
// The reference software cannot do aggressive mode; an enforcer of ours may. Aggressive
// mode lets a listener, and any peer that asks, try preshared keys offline, so a Plan with
// it carries a [Warning].
type Plan struct {
	IPsec    bool     // clear: plain TCP
	Mode     Mode     // zero: without IPsec, or protection of which it is not known
	Exchange Exchange // likewise
	PFS      bool

	// Flags are those that decided, as they were given: what they leave open is
	// in Mode and Exchange. Zero: nothing was defined anywhere.
	Flags Flags

	Origin   Origin   // the rule that decided
	Existing Existing // as it was found

	Why      string // what decided and why, for an operator; one line
	Warnings []Warning
}

// configure follows the flags. That neither mode means transport and neither
// exchange main is our choice.
func (p *Plan) configure() {
	if !p.Flags.Has(FlagIKE) {
		return
	}
	p.IPsec, p.Mode, p.Exchange = true, TransportMode, MainMode
	if p.Flags.Has(FlagTunnel) {
		p.Mode = TunnelMode
	}
	if p.Flags.Has(FlagAggressive) {
		p.Exchange = AggressiveMode
	}
	p.PFS = p.Flags.Has(FlagPFS)
}

// observe takes from the flags what they tell of protection in place.
func (p *Plan) observe() {
	p.IPsec = true
	switch p.Flags & (FlagTransport | FlagTunnel) {
	case FlagTransport:
		p.Mode = TransportMode
	case FlagTunnel:
		p.Mode = TunnelMode
	}
	switch p.Flags & (FlagMain | FlagAggressive) {
	case FlagMain:
		p.Exchange = MainMode
	case FlagAggressive:
		p.Exchange = AggressiveMode
	}
	p.PFS = p.Flags.Has(FlagPFS)
}

// AsFlags returns valid flags that ask for the plan and leave nothing open: Resolve
// makes the same plan of them. What is not known of protection in place is not set.
func (p Plan) AsFlags() Flags {
	f := FlagValid
	if !p.IPsec {
		return f
	}
	f |= FlagIKE
	switch p.Mode {
	case TransportMode:
		f |= FlagTransport
	case TunnelMode:
		f |= FlagTunnel
	}
	switch p.Exchange {
	case MainMode:
		f |= FlagMain
	case AggressiveMode:
		f |= FlagAggressive
	}
	if p.PFS {
		f |= FlagPFS
	}
	return f
}

// InPlace reports whether the protection exists already: there is nothing to set
// up, and no key is needed.
func (p Plan) InPlace() bool { return p.Existing.Kind == ExistingProtection }

// Protects reports whether a connection made under the plan is protected, so that
// CHAP secrets below 12 bytes are good enough. What is unknown does not protect.
func (p Plan) Protects() bool { return p.IPsec }

// String returns "none", "transport", "tunnel", or "ipsec" where the mode is not
// known.
func (p Plan) String() string {
	switch {
	case !p.IPsec:
		return "none"
	case p.Mode == 0:
		return "ipsec"
	}
	return p.Mode.String()
}

// WeakerThan reports whether p gives away what q has: IPsec, PFS, or main mode
// for aggressive mode. That is our choice of what a redirect must not lead to.
// What is not known of protection in place does not make it weaker.
func (p Plan) WeakerThan(q Plan) bool {
	switch {
	case !q.IPsec:
		return false
	case !p.IPsec:
		return true
	case q.PFS && !p.PFS && !p.InPlace():
		return true
	}
	return q.Exchange == MainMode && p.Exchange == AggressiveMode
}
