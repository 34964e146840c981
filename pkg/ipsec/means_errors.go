package ipsec

import "fmt"

// A NoEnforcerError is a plan for IPsec where nothing can carry it out. The code
// is ISDSC_IPSEC_NOT_SUPPORTED_ON_OS, when connecting.
type NoEnforcerError struct {
	Err error // why there is none; may be nil
}

func (e *NoEnforcerError) Error() string {
	const text = "protection is required but not available, and the portal will not be asked in clear text"
	if e.Err == nil {
		return text
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns why there is none.
func (e *NoEnforcerError) Unwrap() error { return e.Err }

// An UnsupportedError is a request that needs more than an enforcer can do, such
// as aggressive mode. The code is ISDSC_REQUEST_NOT_SUPPORTED, when connecting.
type UnsupportedError struct {
	Enforcer string
	Missing  Flags  // what it cannot do; FlagIKE: it negotiates no keys
	Reason   string // in lower case, where flags do not say it; may be empty
	Err      error  // how the enforcer found out; may be nil
}

func (e *UnsupportedError) Error() string {
	switch {
	case e.Reason != "":
		return e.Reason
	case e.Missing.Has(FlagIKE):
		return fmt.Sprintf("the plan needs keys to be negotiated, which %s does not do", e.Enforcer)
	}
	return fmt.Sprintf("%s cannot do %s", e.Enforcer, e.Missing.names())
}

// Unwrap returns how the enforcer found out.
func (e *UnsupportedError) Unwrap() error { return e.Err }

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
	return fmt.Sprintf("no preshared key is set for %s or for the group", identity)
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
	return fmt.Sprintf("tunnel mode needs an outer address for %s, but none is set", destination)
}

// A RequestError is a request that no enforcer can carry out, such as one without
// addresses, or a parameter of it. The code is ISDSC_INVALID_PARAMETER.
type RequestError struct {
	What   string // the parameter; empty: Reason names it
	Reason string // in lower case
	Err    error  // of the parser that found out; may be nil
}

func (e *RequestError) Error() string {
	if e.What == "" {
		return e.Reason
	}
	return e.What + ": " + e.Reason
}

// Unwrap returns the error of the parser that found out.
func (e *RequestError) Unwrap() error { return e.Err }

// A ConfigureError is protection that an enforcer could not set up, or could not
// prove. The code is ISDSC_FAILED_TO_CONFIGURE_IPSEC, when connecting.
type ConfigureError struct {
	Reason string // in lower case, one line, without the name of a package
	Err    error  // of the enforcer; may be nil
}

func (e *ConfigureError) Error() string { return e.Reason }

// Unwrap returns the error of the enforcer.
func (e *ConfigureError) Unwrap() error { return e.Err }
