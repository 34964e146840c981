package ipsec

import "fmt"

// A NoEnforcerError is a plan for IPsec where nothing can carry it out. The code
// is ISDSC_IPSEC_NOT_SUPPORTED_ON_OS, when connecting.
type NoEnforcerError struct {
	Err error // why there is none; may be nil
}

func (e *NoEnforcerError) Error() string {
	const text = "ipsec: nothing here can do IPsec, and clear text is out of the question"
	if e.Err == nil {
		return text
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns why there is none.
func (e *NoEnforcerError) Unwrap() error { return e.Err }

// An UnsupportedError is a plan that needs more than an enforcer can do, such as
// aggressive mode. The code is ISDSC_REQUEST_NOT_SUPPORTED, when connecting.
type UnsupportedError struct {
	Enforcer string
	Missing  Flags // what it cannot do
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("ipsec: %s cannot do %s", e.Enforcer, e.Missing.names())
}

// A NoKeyError is a plan that needs a preshared key where there is none. The
// code is ISDSC_TARGET_PRESHAREDKEY_UNAVAILABLE, when connecting.
type NoKeyError struct {
	Identity string // the portal's; empty: not told
}

func (e *NoKeyError) Error() string {
	identity := "the portal"
	if e.Identity != "" {
		identity = e.Identity
	}
	return fmt.Sprintf("ipsec: no preshared key is set for %s, and none for the group", identity)
}

// A NoOuterAddressError is a plan for tunnel mode to a destination of which no
// outer address is defined. The code is ISDSC_NO_TUNNEL_OUTER_MODE_ADDRESS, when
// connecting.
type NoOuterAddressError struct {
	Destination string // empty: not told
}

func (e *NoOuterAddressError) Error() string {
	destination := "the portal"
	if e.Destination != "" {
		destination = e.Destination
	}
	return fmt.Sprintf("ipsec: tunnel mode needs an outer address for %s, and none is set", destination)
}
