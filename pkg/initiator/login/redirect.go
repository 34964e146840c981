package login

import "fmt"

// A RedirectPolicy says what to do where a target sends a login elsewhere (RFC
// 7143, section 11.13.5). The same IP address is the same host, whatever the
// port. No policy follows from an address that is not loopback to one that is
// loopback, link-local, multicast or unspecified.
type RedirectPolicy uint8

// The policies.
const (
	// RedirectSameHost follows: with credentials on the same host, without
	// them to another. Where the target must prove itself (mutual CHAP) another
	// host is not followed: it could not.
	RedirectSameHost RedirectPolicy = iota
	RedirectAny                     // follows, and takes the credentials along
	RedirectNone                    // does not follow
)

// String returns the name that the command takes and prints.
func (p RedirectPolicy) String() string {
	switch p {
	case RedirectSameHost:
		return "same-host"
	case RedirectAny:
		return "any"
	case RedirectNone:
		return "none"
	}
	return fmt.Sprintf("redirect policy %d", uint8(p))
}
