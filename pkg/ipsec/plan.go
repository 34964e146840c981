package ipsec

import "strconv"

// A Plan is what a connection is to be made under, and where that comes from. It
// holds no keys. The zero value is: no IPsec, by default.
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
	if !p.Flags.Has(FlagValid | FlagIKE) {
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

// InPlace reports whether the protection exists already: there is nothing to set
// up, and no key is needed.
func (p *Plan) InPlace() bool { return p.Existing.Kind == ExistingProtection }

// Protects reports whether a connection made under the plan is protected, so that
// CHAP secrets below 12 bytes are good enough. What is unknown does not protect.
func (p *Plan) Protects() bool { return p.IPsec }

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

// A Mode is how IPsec wraps packets (RFC 4301, section 3.2).
type Mode uint8

// The modes.
const (
	TransportMode Mode = iota + 1
	TunnelMode
)

// String returns the word of ParseList; empty for zero.
func (m Mode) String() string {
	switch m {
	case 0:
		return ""
	case TransportMode:
		return "transport"
	case TunnelMode:
		return "tunnel"
	}
	return "mode " + strconv.Itoa(int(m))
}

// MarshalText returns what String does.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// An Exchange is how IKE does its phase 1 (RFC 2409, section 5).
type Exchange uint8

// The exchanges.
const (
	MainMode Exchange = iota + 1
	AggressiveMode
)

// String returns the word of ParseList; empty for zero.
func (x Exchange) String() string {
	switch x {
	case 0:
		return ""
	case MainMode:
		return "main"
	case AggressiveMode:
		return "aggressive"
	}
	return "exchange " + strconv.Itoa(int(x))
}

// MarshalText returns what String does.
func (x Exchange) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// An Origin is the rule that decided a plan.
type Origin uint8

// The origins. Where nothing is defined anywhere it is OriginDefault: a default
// that is not set means no IPsec.
const (
	OriginDefault Origin = iota
	OriginPrevious
	OriginFlags
	OriginExisting
)

// String returns the name that the command prints.
func (o Origin) String() string {
	switch o {
	case OriginDefault:
		return "default"
	case OriginPrevious:
		return "previous"
	case OriginFlags:
		return "flags"
	case OriginExisting:
		return "existing"
	}
	return "origin " + strconv.Itoa(int(o))
}

// MarshalText returns what String does.
func (o Origin) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
