package login

import "fmt"

// A DigestType is ISCSI_DIGEST_TYPES of the reference API, and one more.
type DigestType uint32

// The types.
const (
	DigestNone   DigestType = 0
	DigestCRC32C DigestType = 1 // CRC32C or no session

	// DigestPreferCRC32C is ours: CRC32C where the target can, else none. Its
	// number lies far from those that the reference API may yet assign.
	DigestPreferCRC32C DigestType = 0x100
)

// String returns the name that the command takes and prints.
func (d DigestType) String() string {
	switch d {
	case DigestNone:
		return "none"
	case DigestCRC32C:
		return "crc32c"
	case DigestPreferCRC32C:
		return "prefer-crc32c"
	}
	return fmt.Sprintf("digest type %d", uint32(d))
}

func (d DigestType) valid() bool {
	return d == DigestNone || d == DigestCRC32C || d == DigestPreferCRC32C
}
