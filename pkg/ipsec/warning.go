package ipsec

import "fmt"

// A Warning is something about a plan that its maker may not have meant.
type Warning struct {
	Code    WarningCode
	Message string // one line
}

// A WarningCode tells warnings apart; it is part of the command's output.
type WarningCode string

// The warnings.
const (
	WarnWithoutIKE WarningCode = "ipsec-without-ike"  // modes or PFS were given, and IKE is off
	WarnNotAsAsked WarningCode = "ipsec-not-as-asked" // the flags have IKE, and there is no IPsec
	WarnAggressive WarningCode = "ipsec-aggressive"   // phase 1 exposes a hash of the preshared key
	WarnPartial    WarningCode = "ipsec-partial"      // what exists leaves gaps, and the plan fills none
)

func (s *Settings) warnings(p *Plan) []Warning {
	var list []Warning
	warn := func(code WarningCode, format string, args ...any) {
		list = append(list, Warning{Code: code, Message: fmt.Sprintf(format, args...)})
	}
	if !p.IPsec && p.Flags&^FlagValid != 0 {
		warn(WarnWithoutIKE, "the flags %s set options of IPsec, but without ike there is no IPsec", p.Flags.detail())
	}
	if !p.IPsec && s.Flags.Has(FlagIKE) {
		warn(WarnNotAsAsked, "the portal's flags, %s, ask for IPsec, but the connection is made without it", s.Flags.detail())
	}
	if p.Exchange == AggressiveMode {
		warn(WarnAggressive, "aggressive mode lets others try preshared keys offline: use main mode, or a long random key")
	}
	if !p.IPsec && s.Existing.Kind == ExistingPartial {
		warn(WarnPartial, "%s does not protect all of the connection", s.Existing)
	}
	return list
}
