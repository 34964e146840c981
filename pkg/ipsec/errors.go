package ipsec

import "fmt"

// A FlagsError is flags that contradict themselves, or the login flag
// REQUIRE_IPSEC. With OriginFlags they are the caller's: the code is
// ISDSC_INVALID_PARAMETER, and nothing may be stored. With another origin they
// were kept from before and would have decided: the code is
// ISDSC_FAILED_TO_CONFIGURE_IPSEC, when connecting.
type FlagsError struct {
	Flags  Flags
	Origin Origin
	Reason string // in lower case
}

func (e *FlagsError) Error() string {
	whose := ""
	if e.Origin != OriginFlags {
		whose = fmt.Sprintf(" (%s)", e.Origin)
	}
	return fmt.Sprintf("flags %s%s: %s", e.Flags, whose, e.Reason)
}

// A RequireError is a connection that must run over IPsec, by the login flag
// REQUIRE_IPSEC, and a plan that has none. The code is
// ISDSC_FAILED_TO_CONFIGURE_IPSEC, when connecting: the portal stays stored.
type RequireError struct {
	Why string // of the plan
}

func (e *RequireError) Error() string {
	return "protection is required, but there is " + e.Why
}

// An UnknownError is a connection that was refused because it is not known what
// exists: this process may not look, or a daemon does not tell. The code is
// ISDSC_FAILED_TO_CONFIGURE_IPSEC, when connecting.
type UnknownError struct {
	Plan string // what would have been: "none", "transport", "tunnel"
	Why  string // that it is not known, as in Existing.Name; may be empty
}

func (e *UnknownError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("it is unknown which IPsec exists (%s), so the plan (%s) is refused: let this process read the system's policies, or proceed on unknown", e.Why, e.Plan)
	}
	return fmt.Sprintf("it is unknown which IPsec exists, so the plan (%s) is refused: run with the right to read the system's policies, or proceed on unknown", e.Plan)
}

// A ParseError is text that is no flags. It says what would be right.
type ParseError struct {
	Input  string
	Reason string // in lower case
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("flags %q: %s", cut(e.Input), e.Reason)
}
