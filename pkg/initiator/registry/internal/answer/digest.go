// Package answer tells answers of a portal apart without keeping them.
package answer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Digest returns what two answers have in common that leave the same in the registry:
// the names, aliases and addresses of their targets, the address that was in use where
// some of these are not usable, and whether an answer is complete. The order of the
// targets does not count; that of the addresses of one does, since it is stored.
func Digest(targets []target.Target, at netip.AddrPort, complete bool) []byte {
	sums := make([][sha256.Size]byte, len(targets))
	var b []byte
	for i := range targets {
		b = appendTarget(b[:0], &targets[i], at)
		sums[i] = sha256.Sum256(b)
	}
	slices.SortFunc(sums, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	all := sha256.New()
	for i := range sums {
		all.Write(sums[i][:])
	}
	if complete {
		all.Write([]byte{1})
	}
	return all.Sum(nil)
}

// appendTarget appends a target to b, so that no two have the same bytes.
func appendTarget(b []byte, t *target.Target, at netip.AddrPort) []byte {
	b = appendText(appendText(b, t.Name), t.Alias)
	b = binary.AppendUvarint(b, uint64(len(t.Addresses)))
	usable := true
	for _, a := range t.Addresses {
		b = appendText(b, a.Host)
		b = binary.AppendVarint(b, int64(a.Group))
		b = binary.BigEndian.AppendUint16(b, a.Port)
		b = append(b, byte(a.Unusable))
		usable = usable && a.Unusable == target.Usable
	}
	if !usable {
		b, _ = at.AppendBinary(b) // it has no error
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
