package ipsec

import "strconv"

// A Mode is how IPsec wraps packets (RFC 4301, section 3.2).
type Mode uint8

// The modes.
const (
	TransportMode Mode = iota + 1
	TunnelMode
)

// String returns the word of ParseList; empty for zero.
func (m Mode) String() string {
	switch m {
	case 0:
		return ""
	case TransportMode:
		return "transport"
	case TunnelMode:
		return "tunnel"
	}
	return "mode " + strconv.Itoa(int(m))
}

// MarshalText returns what String does.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// An Exchange is how IKE does its phase 1 (RFC 2409, section 5).
type Exchange uint8

// The exchanges.
const (
	MainMode Exchange = iota + 1
	AggressiveMode
)

// String returns the word of ParseList; empty for zero.
func (x Exchange) String() string {
	switch x {
	case 0:
		return ""
	case MainMode:
		return "main"
	case AggressiveMode:
		return "aggressive"
	}
	return "exchange " + strconv.Itoa(int(x))
}

// MarshalText returns what String does.
func (x Exchange) MarshalText() ([]byte, error) { return []byte(x.String()), nil }
