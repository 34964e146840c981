package ipsec_test

import (
	"strings"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// An outcome is a resolution in short: "IPsec transport main" or "clear", who
// decided, and the error.
type outcome struct {
	result string
	flags  ipsec.Flags // that decided
	origin string
	err    string // type of the error; empty: nil
}

// oracle reads the rules of the reference API off in the order in which they
// are written there, with the bits as numbers, and shares nothing with Resolve.
func oracle(s ipsec.Settings) outcome {
	has := func(bitmap ipsec.Flags, bits uint64) bool { return uint64(bitmap)&bits == bits }
	senseless := func(bitmap ipsec.Flags) bool {
		return has(bitmap, 1) && (has(bitmap, 32+64) || has(bitmap, 4+8) || uint64(bitmap) >= 128)
	}

	// What is refused whatever exists.
	if senseless(s.Flags) || s.RequireIPsec && has(s.Flags, 1) && !has(s.Flags, 2) {
		return outcome{err: "FlagsError"}
	}

	// Who could decide, the first of them does.
	type candidate struct {
		origin string
		bitmap ipsec.Flags
		there  bool
	}
	var previous candidate
	for _, source := range []ipsec.Source{ipsec.SourceISNS, ipsec.SourceOtherPort, ipsec.SourceSamePort, ipsec.SourceIKEInfo} {
		for i := len(s.Previous) - 1; i >= 0; i-- { // the first of equals is left over
			p, newer := s.Previous[i], false
			for _, other := range s.Previous {
				newer = newer || has(other.Flags, 1) && other.Time.After(p.Time)
			}
			if p.Source == source && has(p.Flags, 1) && !newer {
				previous = candidate{"previous", p.Flags, true}
			}
		}
	}
	var first candidate
	for _, c := range []candidate{
		{"existing", s.Existing.Flags, s.Existing.Kind == ipsec.ExistingRule || s.Existing.Kind == ipsec.ExistingProtection},
		{"flags", s.Flags, has(s.Flags, 1)},
		previous,
		{"default", s.Default, has(s.Default, 1)},
		{"default", 0, true},
	} {
		if c.there {
			first = c
			break
		}
	}

	inPlace := first.origin == "existing" && s.Existing.Kind == ipsec.ExistingProtection
	if !inPlace && (senseless(first.bitmap) || first.origin == "existing" && !has(first.bitmap, 1)) {
		return outcome{err: "FlagsError"}
	}

	o := outcome{result: "clear", flags: first.bitmap, origin: first.origin}
	if has(first.bitmap, 2) || inPlace {
		bits := uint64(first.bitmap)
		if !inPlace && bits&(32+64) == 0 {
			bits += 32
		}
		if !inPlace && bits&(4+8) == 0 {
			bits += 4
		}
		list := []string{"IPsec"}
		for _, choice := range []struct {
			of, bit uint64
			name    string
		}{{32 + 64, 32, "transport"}, {32 + 64, 64, "tunnel"}, {4 + 8, 4, "main"}, {4 + 8, 8, "aggressive"}, {16, 16, "PFS"}} {
			if bits&choice.of == choice.bit {
				list = append(list, choice.name)
			}
		}
		o.result = strings.Join(list, " ")
	}
	switch {
	case s.RefuseUnknown && s.Existing.Kind == ipsec.ExistingUnknown:
		o.err = "UnknownError"
	case s.RequireIPsec && o.result == "clear":
		o.err = "RequireError"
	}
	return o
}
