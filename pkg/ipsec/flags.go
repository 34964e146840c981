package ipsec

import (
	"fmt"
	"strings"
)

// Flags say which IPsec a portal is to be asked under: ISCSI_SECURITY_FLAGS of
// the reference API, bit for bit, which is also the portal security bitmap of
// iSNS (RFC 4171, section 6.3.9). The zero value leaves it to what was defined
// before, or to the default. Every value can be stored; see Validate.
type Flags uint64

// The flags. There are no others.
const (
	FlagValid      Flags = 0x01 // the other bits count; clear: they are ignored
	FlagIKE        Flags = 0x02 // IPsec with keys by IKE; clear: no IPsec, whatever else is set
	FlagMain       Flags = 0x04 // main mode in phase 1
	FlagAggressive Flags = 0x08 // aggressive mode in phase 1
	FlagPFS        Flags = 0x10 // perfect forward secrecy: a Diffie-Hellman exchange in phase 2, too
	FlagTransport  Flags = 0x20 // transport mode
	FlagTunnel     Flags = 0x40 // tunnel mode

	allFlags Flags = 0x7f
)

// Has reports whether all bits of g are set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// Validate returns a *FlagsError where the flags contradict themselves: both
// modes of IPsec, both of phase 1, or bits that do not exist. Without FlagValid
// the other bits do not count, and cannot contradict anything. The answer never
// depends on what exists, so flags that were accepted once stay acceptable.
func (f Flags) Validate() error {
	if reason := f.contradiction(); reason != "" {
		return &FlagsError{Flags: f, Origin: OriginFlags, Reason: reason}
	}
	return nil
}

// contradiction says what is wrong with the flags; empty: nothing.
func (f Flags) contradiction() string {
	switch {
	case !f.Has(FlagValid):
		return ""
	case f.Has(FlagTransport | FlagTunnel):
		return "transport and tunnel exclude each other: choose one"
	case f.Has(FlagMain | FlagAggressive):
		return "main and aggressive exclude each other: choose one"
	case f&^allFlags != 0:
		return "unknown bits " + (f &^ allFlags).Hex()
	}
	return ""
}

// Hex returns the bits, such as 0x27.
func (f Flags) Hex() string { return fmt.Sprintf("0x%02x", uint64(f)) }

// String returns the list of words that ParseList reads back as these flags, or
// Hex where there is none.
func (f Flags) String() string {
	if f == FlagValid {
		return wordOff
	}
	if !f.Has(FlagValid|FlagIKE) || f.contradiction() != "" {
		return f.Hex()
	}
	return f.names()
}

// names returns the words of the bits that have one.
func (f Flags) names() string {
	var list []string
	for _, w := range words {
		if f.Has(w.bit) {
			list = append(list, w.name)
		}
	}
	return strings.Join(list, ",")
}

// detail returns String, and after a number what its bits mean.
func (f Flags) detail() string {
	s, names := f.String(), f.names()
	if names == "" || s != f.Hex() {
		return s
	}
	return s + " (" + names + ")"
}

// MarshalText returns Hex, which every value has.
func (f Flags) MarshalText() ([]byte, error) { return []byte(f.Hex()), nil }

// UnmarshalText reads what Parse does.
func (f *Flags) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err == nil {
		*f = parsed
	}
	return err
}
