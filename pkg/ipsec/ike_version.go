package ipsec

import "strconv"

// An IKEVersion is a version of the Internet Key Exchange. The flags of the reference API
// mean the modes of version 1 and have no bit for version 2, so that is a setting of ours,
// and never chosen by itself.
type IKEVersion uint8

// The versions. Zero means IKEv1.
const (
	IKEv1 IKEVersion = 1 // RFC 2409
	IKEv2 IKEVersion = 2 // RFC 7296
)

// String returns "1" or "2".
func (v IKEVersion) String() string { return strconv.Itoa(int(max(v, IKEv1))) }
