package ipsec

import (
	"fmt"
	"strconv"
)

// An IKEVersion is a version of the Internet Key Exchange. The flags of the reference API
// mean the modes of version 1 and have no bit for version 2, so that is a setting of ours,
// and never chosen by itself.
type IKEVersion uint8

// The versions. Zero means IKEv1.
const (
	IKEv1 IKEVersion = 1 // RFC 2409
	IKEv2 IKEVersion = 2 // RFC 7296
)

// Validate refuses what is no version, with a *RequestError, and version 2 together with flags
// that mean a mode of version 1, with a *FlagsError: aggressive mode that is asked for is not
// carried out by something else.
func (v IKEVersion) Validate(f Flags, origin Origin) error {
	switch {
	case v > IKEv2:
		return &RequestError{What: "IKE version", Reason: fmt.Sprintf("%d is not supported: 1 and 2 are", uint8(v))}
	case v == IKEv2 && f.Has(FlagValid|FlagIKE) && f&(FlagMain|FlagAggressive) != 0:
		return &FlagsError{Flags: f, Origin: origin, Reason: "main and aggressive are modes of IKE version 1, and version 2 is asked for"}
	}
	return nil
}

// String returns "1" or "2".
func (v IKEVersion) String() string { return strconv.Itoa(int(max(v, IKEv1))) }
