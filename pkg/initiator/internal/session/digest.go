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
// Irrelevant leave the default, which is none.
func (d DigestPreference) accept(key string, answer []byte) (on bool, err error) {
	chosen := quote(answer)
	switch chosen {
	case crc32c:
		on = true
	case pdu.ValueNone, pdu.ValueReject, pdu.ValueIrrelevant:
	default:
		return false, d.refuse(key, chosen)
	}
	if on && d == DigestNone || !on && d == DigestCRC32C {
		return false, d.refuse(key, chosen)
	}
	return on, nil
}

// unanswered judges a target that did not answer, which leaves the default, too.
func (d DigestPreference) unanswered(key string) error {
	if d == DigestCRC32C {
		return d.refuse(key, "")
	}
	return nil
}

func (d DigestPreference) refuse(key, chosen string) error {
	return &pdu.NegotiationError{Key: key, Offered: d.offer(), Chosen: chosen}
}
