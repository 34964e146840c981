package ipsec

import "strconv"

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
