package login

import (
	"fmt"
	"math/bits"
	"strings"
)

// Specified says which fields of Options count (InformationSpecified of the
// reference API, bit for bit).
type Specified uint32

// The bits.
const (
	SpecifiedHeaderDigest Specified = 1 << iota
	SpecifiedDataDigest
	SpecifiedMaximumConnections
	SpecifiedDefaultTime2Wait
	SpecifiedDefaultTime2Retain
	SpecifiedUsername
	SpecifiedPassword
	SpecifiedAuthType

	allSpecified Specified = 1<<8 - 1
)

// Flags are ISCSI_LOGIN_FLAGS of the reference API, bit for bit.
type Flags uint32

// The flags.
const (
	RequireIPsec          Flags = 0x01 // the operation must run over IPsec
	MultipathEnabled      Flags = 0x02 // of no effect on discovery
	Reserved1             Flags = 0x04 // refused
	AllowPortalHopping    Flags = 0x08 // of no effect on discovery
	UseRADIUSResponse     Flags = 0x10 // not supported
	UseRADIUSVerification Flags = 0x20 // not supported
	loginRADIUS                 = UseRADIUSResponse | UseRADIUSVerification
	knownFlags            Flags = 0x3f
)

// String returns the flags as the command takes them, separated by commas.
func (f Flags) String() string {
	names := []string{"require-ipsec", "multipath", "reserved1", "portal-hopping", "radius-response", "radius-verification"}
	var s []string
	for rest := uint32(f); rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros32(rest)
		if i < len(names) {
			s = append(s, names[i])
		} else {
			s = append(s, hexBits(1<<i))
		}
	}
	return strings.Join(s, ",")
}

func hexBits(v uint32) string {
	return fmt.Sprintf("0x%02x", v)
}
