package ipsec

// Settings are all that the plan for a connection depends on. The zero value asks
// for nothing and gets no IPsec.
type Settings struct {
	// Existing is what was found between this initiator and this portal.
	Existing Existing

	// Flags are the caller's, as they are stored with the portal.
	Flags Flags

	// Previous are the flags that were defined for the portal before, in any
	// order.
	Previous []Previous

	// Default are the flags for portals that have none (DefaultSecurityBitmap
	// of the reference API). Without FlagValid they are not set.
	Default Flags

	// RequireIPsec refuses a connection without IPsec (the login flag
	// REQUIRE_IPSEC).
	RequireIPsec bool

	// RefuseUnknown refuses a connection, with IPsec or without, where it is not
	// known what exists: it could have outranked the flags. Otherwise what is
	// unknown counts as nothing, and protects nothing.
	RefuseUnknown bool
}

// Validate returns a *FlagsError where the caller's flags contradict themselves,
// or RequireIPsec. It looks at nothing else: what it accepts can be stored, and
// what it refuses must not be.
func (s Settings) Validate() error {
	if err := s.Flags.Validate(); err != nil {
		return err
	}
	if s.RequireIPsec && s.Flags.Has(FlagValid) && !s.Flags.Has(FlagIKE) {
		return &FlagsError{Flags: s.Flags, Origin: OriginFlags, Reason: "IPsec is required (require-ipsec), and they turn it off: set ike, or give no flags"}
	}
	return nil
}
