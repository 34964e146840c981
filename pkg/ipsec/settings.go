package ipsec

// Settings are all that the plan for a connection depends on. The zero value asks
// for nothing and gets no IPsec.
//
// The bits of [Flags] and the order of the rules are those of the reference API
// (AddIScsiSendTargetPortal). The first rule that applies decides:
//
//  1. what exists between this initiator and this portal: an administrator's
//     policy, or protection that is already there
//  2. the caller's flags, where they are valid
//  3. valid flags that were defined for the portal before, the newest first
//  4. the default, where it is valid
//
// Without any of them there is no IPsec. The rule that decides is final: what it leaves
// open is not taken from the next rule, and a decision for IPsec never ends in clear text.
//
// Each type of error stands for one code of the reference API. Settings return
// [*FlagsError], [*RequireError] and [*UnknownError]; [Plan.Check] returns
// [*NoEnforcerError], [*NoOuterAddressError], [*NoKeyError] and [*UnsupportedError];
// enforcers return these as well, and [*RequestError] and [*ConfigureError].
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

	// IKE is the version of IKE that is asked for; zero: version 1. It changes nothing
	// in the plan but Why: version 2 has no modes.
	IKE IKEVersion
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
