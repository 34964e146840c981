package ipsec

import "strconv"

// An ExistingKind says what exists between an initiator and a portal.
type ExistingKind uint8

// The kinds. An earlier connection in clear text leaves nothing; nor is a rule of
// the system that merely lets packets pass a policy.
const (
	ExistingNone       ExistingKind = iota // someone looked, and there is nothing
	ExistingUnknown                        // this process was not permitted to look everywhere
	ExistingRule                           // an administrator's policy, which an enforcer has to carry out
	ExistingPartial                        // protection that has gaps; it decides nothing
	ExistingProtection                     // protection that is in place, and holds without an enforcer's doing
)

// String returns the name of the kind.
func (k ExistingKind) String() string {
	switch k {
	case ExistingNone:
		return "none"
	case ExistingUnknown:
		return "unknown"
	case ExistingRule:
		return "rule"
	case ExistingPartial:
		return "partial"
	case ExistingProtection:
		return "protection"
	}
	return "existing kind " + strconv.Itoa(int(k))
}

// MarshalText returns what String does.
func (k ExistingKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Existing is what was found between an initiator and a portal. The zero value
// is: nothing.
//
// Protection is the strong word: every byte of the connection, in both
// directions, is encrypted and authenticated, or does not leave. Whatever is less
// is ExistingPartial: one direction alone, optional, not encrypted. That it
// does not outrank flags is our choice, since flags may ask for more.
type Existing struct {
	Kind ExistingKind

	// Name says to people what was found and where, such as
	// "policy 192.0.2.0/24". No secrets, one line.
	Name string

	// Flags are what a rule asks for; they must be valid. FlagValid alone is a
	// rule that there be no IPsec. Of protection they tell what is known of it,
	// and bits that are clear tell nothing.
	Flags Flags

	// Undo says to people how to end a rule that was not made on this host, such as what
	// an iSNS server says of a portal, where it keeps a portal from being asked. One line,
	// which may be empty.
	Undo string `json:",omitempty"`
}

// String returns the name of what was found, with "(partial)" after it where it
// is, or else the kind: "none", "unknown".
func (e Existing) String() string {
	switch {
	case e.Name == "" || e.Kind == ExistingNone || e.Kind == ExistingUnknown:
		return e.Kind.String()
	case e.Kind == ExistingPartial:
		return e.Name + " (partial)"
	}
	return e.Name
}

// Combine returns the one of several findings that counts: the first rule or
// protection, in the order given; else the first that is partial or unknown,
// where unknown comes first, as it may hide anything; else none.
func Combine(all ...Existing) Existing {
	rest := Existing{}
	for _, e := range all {
		switch e.Kind {
		case ExistingRule, ExistingProtection:
			return e
		case ExistingUnknown:
			if rest.Kind != ExistingUnknown {
				rest = e
			}
		case ExistingPartial:
			if rest.Kind == ExistingNone {
				rest = e
			}
		}
	}
	return rest
}
