package session

import "github.com/go-iscsi/discovery/pkg/pdu"

// A DigestPreference says what is offered for HeaderDigest or DataDigest (RFC
// 7143, section 13.1).
type DigestPreference uint8

// The preferences.
const (
	DigestNone         DigestPreference = iota // no digest, and none accepted
	DigestCRC32C                               // CRC32C or no session
	DigestPreferCRC32C                         // CRC32C where the target can, else none
)

const crc32c = "CRC32C"

// offer returns the list that is sent, in order of preference.
func (d DigestPreference) offer() string {
	switch d {
	case DigestCRC32C:
		return crc32c
	case DigestPreferCRC32C:
		return crc32c + "," + pdu.ValueNone
	}
	return pdu.ValueNone
}

// accept reports whether the target's answer switches the digest on. Reject and
// Irrelevant leave the default, which is none. No answer at all counts like
// them.
func (d DigestPreference) accept(key string, answer []byte) (on bool, err error) {
	switch string(answer) {
	case crc32c:
		on = true
	case pdu.ValueNone, pdu.ValueReject, pdu.ValueIrrelevant, "":
	default:
		return false, &NegotiationError{Key: key, Offered: d.offer(), Chosen: quote(answer)}
	}
	if on && d == DigestNone || !on && d == DigestCRC32C {
		return false, &NegotiationError{Key: key, Offered: d.offer(), Chosen: quote(answer)}
	}
	return on, nil
}
