package pdu

import (
	"encoding/binary"
	"hash/crc32"
	"sync"
)

// DigestLen is the length of a header or data digest in bytes.
const DigestLen = 4

// castagnoli returns a table that is read-only; hash/crc32 recognises it and uses
// the CPU's own instruction. Making it takes longer than most discoveries compute,
// so those without digests do not.
var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

// Digest returns the CRC32C of b as iSCSI defines it (RFC 7143, section 13.1).
// On the wire it stands in little-endian order, other than all else in iSCSI.
func Digest(b []byte) uint32 { return crc32.Checksum(b, castagnoli()) }

// AppendDigest appends the digest of data to b, as it stands on the wire.
func AppendDigest(b, data []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, Digest(data))
}

// checkDigest compares the four bytes of wire with the digest of data.
func checkDigest(wire, data []byte) (got, want uint32, ok bool) {
	got = binary.LittleEndian.Uint32(wire)
	want = Digest(data)
	return got, want, got == want
}
